# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Files in COCO's formats, and MPII's: every entry is checked before a data set reads them."""
