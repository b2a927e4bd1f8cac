# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch
from mmpose.models.backbones import HRNet
from mmpose.registry import MODELS

from conftest import build_model, load_config
from sdpose.errors import InputError
from sdpose.models import IdentityBackbone, StemNet

STAGE4 = dict(
    num_modules=3,
    num_branches=4,
    block='BASIC',
    num_blocks=(4, 4, 4, 4),
    num_channels=(32, 64, 128, 256),
)


def num_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_stem_net_is_the_stem_of_hrnet():
    torch.manual_seed(0)
    stem = StemNet()
    hrnet = HRNet(extra=dict(load_config('tokenpose-b').model.backbone.extra, stage4=STAGE4))
    taken = {name: value for name, value in hrnet.state_dict().items() if name in stem.state_dict()}
    stem.load_state_dict(taken)
    image = torch.randn(1, 3, 64, 64)
    captured = {}
    hrnet.layer1.register_forward_hook(lambda module, args, out: captured.update(out=out))
    hrnet.eval()  # returns None: MMPose's HRNet.train does not return itself
    hrnet(image)
    torch.testing.assert_close(stem.eval()(image)[0], captured['out'])


def test_stem_net_norm_eval_keeps_running_statistics():
    for norm_eval, expected in ((True, 0), (False, 1)):
        stem = StemNet(norm_eval=norm_eval).train()
        stem(torch.randn(2, 3, 32, 32))
        assert stem.bn1.num_batches_tracked == expected


def test_stem_net_initialises_convolutions_as_published():
    stem = StemNet()
    stem.init_weights()
    assert abs(stem.conv2.weight.std().item() - 0.001) < 1e-4
    assert (stem.bn1.weight == 1).all()


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(num_blocks=0), 'StemNet: num_blocks=0'),
        (dict(stem_channels=-1), 'stem_channels=-1'),
        (dict(out_channels=6), 'StemNet: out_channels=6 is not a multiple of 4'),
        (dict(norm_eval='no'), "norm_eval='no', but it must be True or False"),
    ],
)
def test_stem_net_refuses(settings, message):
    with pytest.raises(InputError, match=message):
        StemNet(**settings)


def test_hrnet_stage3_gives_the_high_resolution_branch_of_stage_3():
    torch.manual_seed(0)
    cfg = load_config('tokenpose-b').model.backbone
    cfg.pop('init_cfg')
    cut = MODELS.build(dict(cfg))
    full = HRNet(extra=dict(cfg.extra, stage4=STAGE4))
    cut.eval()
    full.eval()
    missing, _ = cut.load_state_dict(full.state_dict(), strict=False)
    assert not missing
    captured = {}
    full.stage3.register_forward_hook(lambda module, args, out: captured.update(out=out))
    image = torch.randn(1, 3, 64, 64)
    full(image)
    (feature_map,) = cut(image)
    torch.testing.assert_close(feature_map, captured['out'][0])


def test_hrnet_stage3_leaves_out_exactly_what_nothing_reads():
    model = build_model(load_config('tokenpose-b'))
    full = HRNet(extra=dict(load_config('tokenpose-b').model.backbone.extra, stage4=STAGE4))
    unused = [full.transition3, full.stage4, *full.stage3[-1].fuse_layers[1:]]
    assert num_parameters(full) - num_parameters(model.backbone) == sum(map(num_parameters, unused))
    assert num_parameters(model) == 13_465_216


def test_identity_backbone_returns_the_image():
    image = torch.randn(1, 3, 8, 6)
    (feature_map,) = IdentityBackbone()(image)
    assert feature_map is image
