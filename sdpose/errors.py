# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The one exception that means "the input is wrong", as opposed to "the code is"."""


class InputError(ValueError):
    """Something that the user gave cannot work: a path, an option, a config, a checkpoint.

    The message is one or two sentences that say what is wrong and how to mend it. The tools
    print it without a stack trace and exit with status 1.
    """
