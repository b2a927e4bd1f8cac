# What PPT adds to a TokenPose: pruning, and the schedule of its own code.
ppt = dict(neck=dict(pruning=dict(keep_ratio=0.7, layers=(3, 6, 9))))
ppt_schedule = [dict(type='KeepRatioHook', begin=10, end=110)]  # epochs
