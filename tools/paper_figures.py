# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the papers say of each model, for ``tools/paper_table.py``: their figures, not ours."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PaperModel:
    """A model in the papers' tables.

    Attributes:
        name: As the papers call it.
        config: Its config, below ``configs/``, or one of MMPose's own (``mmpose::...``).
        source: Where the figures stand.
        params: Millions of parameters.
        gflops: Multiply-adds, 10^9.
        ap: AP on COCO val2017, in percent; ``None`` where the paper has none.
        ar: AR on COCO val2017, in percent.
        is_ours: Whether the model is this project's; MMPose's comparators are counted by others
            in other ways, so they are shown but not checked.
    """

    name: str
    config: str
    source: str
    params: float | None
    gflops: float | None
    ap: float | None = None
    ar: float | None = None
    is_ours: bool = True


COCO = '_8xb64-300e_coco-256x192.py'
MMPOSE = 'mmpose::body_2d_keypoint/topdown_'

PAPER_MODELS = (
    PaperModel(
        'TokenPose-S-V1', f'tokenpose/td-hm_tokenpose-s-v1{COCO}', 'SDPose T1', 6.6, 2.4, 69.5, 74.9
    ),
    PaperModel(
        'TokenPose-S-V2', f'tokenpose/td-hm_tokenpose-s-v2{COCO}', 'SDPose T1', 6.2, 4.7, 71.8, 77.0
    ),
    PaperModel(
        'TokenPose-B',
        f'tokenpose/td-hm_tokenpose-b-narrow{COCO}',
        'SDPose T1',
        13.2,
        5.2,
        73.2,
        78.7,
    ),
    PaperModel(
        'TokenPose-B, HRNet-W32 as is', f'tokenpose/td-hm_tokenpose-b{COCO}', '', None, None
    ),
    PaperModel('TokenPose-T', f'tokenpose/td-hm_tokenpose-t{COCO}', '', None, None),
    PaperModel(
        'TokenPose on HRNet-W48',
        f'tokenpose/td-hm_tokenpose-hrnet-w48{COCO}',
        'DistilPose',
        69.4,
        17.0,
    ),
    PaperModel('SDPose-T', f'sdpose/td-hm_sdpose-t{COCO}', 'SDPose T1', 4.4, 1.8, 69.7, 75.2),
    PaperModel('SDPose-S-V1', f'sdpose/td-hm_sdpose-s-v1{COCO}', 'SDPose T1', 6.6, 2.4, 72.3, 77.7),
    PaperModel(
        'SDPose-S-V1, 3 cycles',
        f'sdpose/td-hm_sdpose-s-v1-3cycle{COCO}',
        'SDPose T7',
        None,
        None,
        71.7,
    ),
    PaperModel('SDPose-S-V2', f'sdpose/td-hm_sdpose-s-v2{COCO}', 'SDPose T1', 6.2, 4.7, 73.5, 78.7),
    PaperModel(
        'SDPose-B', f'sdpose/td-hm_sdpose-b-narrow{COCO}', 'SDPose T1', 13.2, 5.2, 73.7, 79.1
    ),
    PaperModel('SDPose-B, HRNet-W32 as is', f'sdpose/td-hm_sdpose-b{COCO}', '', None, None),
    PaperModel('SDPose-Reg', f'sdpose/td-reg_sdpose-reg{COCO}', 'SDPose T2', 5.4, 2.4, 72.5),
    PaperModel('SDPose-T-V2', f'sdpose/td-hm_sdpose-t-v2{COCO}', '', None, None),
    PaperModel('PPT-S', f'ppt/td-hm_ppt-s{COCO}', 'SDPose T1', 6.6, 2.0, 69.8, 75.1),
    PaperModel('PPT-B', f'ppt/td-hm_ppt-b-narrow{COCO}', 'SDPose T1', 13.2, 4.7, 73.4, 78.8),
    PaperModel('PPT-B, HRNet-W32 as is', f'ppt/td-hm_ppt-b{COCO}', '', None, None),
    PaperModel(
        'SDPose-S-V1+PPT', f'sdpose/td-hm_sdpose-s-v1-ppt{COCO}', 'SDPose T8', 6.6, 2.0, 72.3
    ),
    PaperModel(
        'DistilPose-S', f'distilpose/td-reg_distilpose-s{COCO}', 'DistilPose', 5.36, 2.38, 71.6
    ),
    PaperModel(
        'DistilPose-L', f'distilpose/td-reg_distilpose-l{COCO}', 'DistilPose', 21.27, 10.33, 74.4
    ),
    PaperModel(
        'SimpleBaseline-R50',
        f'{MMPOSE}heatmap/coco/td-hm_res50_8xb64-210e_coco-256x192.py',
        'SDPose T1',
        34.0,
        8.9,
        70.4,
        76.3,
        is_ours=False,
    ),
    PaperModel(
        'SimpleBaseline-R101',
        f'{MMPOSE}heatmap/coco/td-hm_res101_8xb64-210e_coco-256x192.py',
        'SDPose T1',
        53.0,
        12.4,
        71.4,
        77.1,
        is_ours=False,
    ),
    PaperModel(
        'SimpleBaseline-R152',
        f'{MMPOSE}heatmap/coco/td-hm_res152_8xb32-210e_coco-256x192.py',
        'SDPose T1',
        68.6,
        15.7,
        72.0,
        77.8,
        is_ours=False,
    ),
    PaperModel(
        'HRNet-W32',
        f'{MMPOSE}heatmap/coco/td-hm_hrnet-w32_8xb64-210e_coco-256x192.py',
        '',
        None,
        None,
        is_ours=False,
    ),
    PaperModel(
        'HRNet-W48',
        f'{MMPOSE}heatmap/coco/td-hm_hrnet-w48_8xb32-210e_coco-256x192.py',
        '',
        None,
        None,
        is_ours=False,
    ),
    PaperModel(
        'DeepPose-R50',
        f'{MMPOSE}regression/coco/td-reg_res50_8xb64-210e_coco-256x192.py',
        '',
        None,
        None,
        is_ours=False,
    ),
    PaperModel(
        'RLE-R50',
        f'{MMPOSE}regression/coco/td-reg_res50_rle-8xb64-210e_coco-256x192.py',
        'SDPose T3',
        23.6,
        4.0,
        is_ours=False,
    ),
)
