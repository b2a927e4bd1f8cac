# Table 5: StemNet taught by TokenPose on StemNet.
_base_ = '../td-reg_distilpose-s_8xb64-300e_coco-256x192.py'

teacher_name = 'td-hm_tokenpose-s-v1-teacher_8xb64-300e_coco-256x192'
teacher = dict(
    config='{{ fileDirname }}/../../tokenpose/' + teacher_name + '.py',
    checkpoint='work_dirs/' + teacher_name + '/epoch_300.pth',
)
model = dict(teacher=teacher)
