# DeepPose alone: nothing trains its confidences, so they do not count.
_base_ = './td-reg_deeppose-r50-student_8xb64-210e_coco-256x192.py'

model = dict(head=dict(score='one'))
