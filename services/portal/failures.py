"""The one place where a failure becomes a page."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace

from chassis import auth, errors
from services.portal.pages.errors import ErrorPage, error_page

logger = logging.getLogger(__name__)


def page_for(failure: errors.Failure) -> ErrorPage:
    """The page for a failure that no form could show beside its fields."""
    if isinstance(failure, errors.NotFound):
        return error_page(404)
    if isinstance(failure, auth.NotSignedIn):
        # A peer does not take our word: for whoever reads the page that is a part that does not work.
        return _unavailable(failure)
    if isinstance(failure, errors.Denied):
        return error_page(403)
    if isinstance(failure, errors.Conflict):
        return error_page(409)
    if isinstance(failure, errors.Invalid):
        said = tuple(f"{one.field or 'The request'} {one.problem}." for one in failure.violations)
        return replace(error_page(409), status=400, title="That cannot be done as it is", lines=said)
    return _unavailable(failure)


def _unavailable(failure: errors.Failure) -> ErrorPage:
    failure_id = uuid.uuid4().hex[:12]
    logger.warning("a page had to do without a part: %s: %s", failure_id, failure)
    return error_page(503, failure_id)
