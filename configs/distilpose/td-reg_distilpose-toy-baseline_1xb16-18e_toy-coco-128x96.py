_base_ = './td-reg_distilpose-toy-student_1xb16-18e_toy-coco-128x96.py'

model = dict(head=dict(score='one'))
