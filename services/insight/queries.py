"""What insight can be asked: the signals it raised."""

from __future__ import annotations

from chassis import paging
from chassis.work import Work
from joinedup.insight.v1 import insight_pb2
from services.insight import store


async def list_signals(work: Work, request: insight_pb2.ListSignalsRequest) -> insight_pb2.ListSignalsResponse:
    """Signals, latest first; of one person, or of everybody within the caller's reach."""
    offset = paging.start(request.page)
    rows, total = await store.signals(
        work.session, person_id=request.person_id, offset=offset, limit=paging.size(request.page)
    )
    return insight_pb2.ListSignalsResponse(
        signals=[_signal(row) for row in rows], page=paging.answer(offset=offset, shown=len(rows), total=total)
    )


def _signal(row: store.SignalRow) -> insight_pb2.Signal:
    message = insight_pb2.Signal(
        signal_id=row.signal_id,
        person_id=row.person_id,
        contacts=row.contacts,
        window_days=row.window_days,
        threshold=row.threshold,
        referral_open=row.referral_open,
    )
    message.detected_at.FromDatetime(row.detected_at)
    return message
