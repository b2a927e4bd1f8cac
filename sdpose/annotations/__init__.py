# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Files in COCO's formats, every entry of which is checked before a data set reads them."""
