# The student trained without a teacher: nothing trains its confidences, so they do not count.
_base_ = './td-reg_distilpose-l-student_8xb64-300e_coco-256x192.py'

model = dict(head=dict(score='one'))
