# Heatmap-pretrained, which DistilPose's slides compare with: the student starts from TokenPose on
# StemNet instead of being taught by it. All but the last layer of the head fits.
_base_ = './td-reg_distilpose-s-baseline_8xb64-300e_coco-256x192.py'

load_from = 'work_dirs/td-hm_tokenpose-s-v1-teacher_8xb64-300e_coco-256x192/epoch_300.pth'
