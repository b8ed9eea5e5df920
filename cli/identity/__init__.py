"""`joinedup identity`: who is this?"""

from cli import lazy

COMMANDS = {
    "trace": ("cli.identity.trace:trace", "Say whether somebody of these demographics is registered."),
    "train": ("cli.identity.train:train", "Train a model of the matcher, on a site's own reviewed decisions too."),
}

identity = lazy.LazyGroup("identity", lazy=COMMANDS, help="Ask who somebody is.")
