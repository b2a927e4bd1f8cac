# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""DeiT whose blocks run several times: SDPose's scheme on image classification."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from mmpose.registry import MODELS
from torch import Tensor, nn

from sdpose.classification.state_names import hide_child_name
from sdpose.classification.timm_package import import_timm
from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError, did_you_mean
from sdpose.models.cycles import Cycled
from sdpose.models.tokens import Tokens

DEFAULT_PREPROCESSOR = dict(type='mmengine.ImgDataPreprocessor')


@MODELS.register_module()
class CycledDeiT(Cycled, BaseModel):
    """A timm vision transformer whose tokens pass its blocks several times (SDPose Table 9).

    One pass through all blocks is a cycle, and each cycle goes on with the tokens of the one
    before. The position embedding is added once, where timm adds it: at the entry. The final norm
    and the classifier, the same for all cycles, read the class token of each. Training runs
    ``num_cycles``, with a cross-entropy on each or on the last; inference runs ``test_cycles``.

    With ``token_loss`` each cycle teaches the one before it. The class token takes the place that
    keypoint tokens have in a pose model, because both are what the head reads; patch tokens are
    the visual tokens. ``keypoint_weight`` of :class:`TokenDistillationLoss` is thus the weight of
    the class tokens' error.

    The state dict has the names of timm's model, without a prefix: weights that timm published
    load as they are, and what training saves is, run for one cycle, a plain timm model again.

    Args:
        architecture: timm's name of a vision transformer, such as ``deit_tiny_patch16_224``.
        num_classes: Number of classes.
        num_cycles: Cycles that run in training mode, at least 1. With 1 it is timm's model.
        test_cycles: Cycles that run in evaluation mode, at least 1. It can be set on a built
            model; the weights are the same for every number of cycles.
        supervised_cycles: ``all``, or only the ``last`` one, as for cycles without distillation.
        token_loss: :class:`TokenDistillationLoss` between neighbouring cycles, or ``None``.
        mixup: Arguments of ``timm.data.Mixup`` without ``num_classes``: Mixup, CutMix and label
            smoothing of the training images. ``None`` trains on the labels as they are.
        timm_options: More arguments for ``timm.create_model``, such as ``drop_path_rate``.
        data_preprocessor: Stacks images and moves them to the device. Normalisation is part of
            timm's image transforms, see :class:`TimmTransform`.
        init_cfg: MMEngine's initialization config; timm's own initialization by default.

    Raises:
        InputError: timm is missing or has no such vision transformer, or a number is out of its
            range (:func:`checked`), or there is a token loss but only one cycle.
    """

    @checked
    def __init__(
        self,
        architecture: str,
        num_classes: int = 1000,
        num_cycles: int = 1,
        test_cycles: int = 1,
        supervised_cycles: str = 'all',
        token_loss: dict | None = None,
        mixup: dict | None = None,
        timm_options: dict[str, Any] | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor or DEFAULT_PREPROCESSOR, init_cfg)
        if token_loss and num_cycles < 2:
            raise InputError(
                'model.token_loss lets each cycle teach the one before it: set model.num_cycles '
                'to 2 or more, or remove model.token_loss.'
            )
        self.num_classes = num_classes
        self.num_cycles = num_cycles
        self.test_cycles = test_cycles
        self.supervised_cycles = supervised_cycles
        self.vit: Any = _create_vision_transformer(architecture, num_classes, timm_options or {})
        self.token_loss = MODELS.build(token_loss) if token_loss else None
        self.mixup = (
            import_timm('timm.data').Mixup(num_classes=num_classes, **mixup) if mixup else None
        )
        hide_child_name(self, 'vit')

    def forward(
        self,
        inputs: Tensor,
        data_samples: Sequence[BaseDataElement] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Run the model in one of MMEngine's modes.

        Args:
            inputs: Normalised images, (B, 3, H, W).
            data_samples: B samples; ``gt_label`` is needed for the loss.
            mode: ``loss``, ``predict`` or ``tensor``.

        Returns:
            ``loss``: a dict of scalars, see :meth:`loss`. ``predict``: the samples with
            ``pred_scores``, see :meth:`predict`. ``tensor``: logits of the last cycle that ran,
            (B, num_classes).
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples or [])
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.classify(self.cycles(inputs)[-1])
        raise ValueError(f"mode={mode!r} is none of 'loss', 'predict', 'tensor'.")

    def cycles(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute the tokens of each cycle.

        Args:
            images: Normalised, (B, 3, H, W).

        Returns:
            Tokens after each cycle that ran, before the final norm, first cycle first; each
            (B, 1 + P, D), the class token first.
        """
        # What timm's forward_features does before the blocks
        tokens = self.vit._pos_embed(self.vit.patch_embed(images))  # (B, 1 + P, D)
        tokens = self.vit.norm_pre(self.vit.patch_drop(tokens))
        cycles = []
        for _ in range(self.cycles_to_run):
            tokens = self.vit.blocks(tokens)
            cycles.append(tokens)
        return tuple(cycles)

    def classify(self, tokens: Tensor) -> Tensor:
        """Turn the tokens (B, 1 + P, D) of one cycle into float32 logits (B, num_classes)."""
        return self.vit.forward_head(self.vit.norm(tokens)).float()

    def loss(self, images: Tensor, data_samples: Sequence[BaseDataElement]) -> dict[str, Tensor]:
        """Compute the losses of all cycles.

        Args:
            images: Normalised, (B, 3, H, W); B is even with ``mixup``, which changes them.
            data_samples: B samples with ``gt_label``.

        Returns:
            ``loss_cls``, the cross-entropy summed over the supervised cycles; with a token loss
            also ``loss_cls_token`` and ``loss_patch_token``.

        Raises:
            InputError: A label is not one of ``num_classes``, or Mixup got an odd batch.
        """
        target = torch.cat([sample.gt_label for sample in data_samples])  # (B,)
        if (label := int(target.max())) >= self.num_classes:
            raise InputError(
                f'The data set has a label {label}, but model.num_classes={self.num_classes} '
                f'allows 0 to {self.num_classes - 1}.'
            )
        if self.mixup is not None:
            if len(images) % 2:
                raise InputError(
                    f'Mixup pairs the images of a batch, but one has {len(images)}. Set '
                    'train_dataloader.batch_size to an even number and drop_last=True.'
                )
            images, target = self.mixup(images, target)  # target (B, num_classes)
        cycles = self.cycles(images)
        supervised = cycles[-1:] if self.supervised_cycles == 'last' else cycles
        entropies = [F.cross_entropy(self.classify(tokens), target) for tokens in supervised]
        losses = dict(loss_cls=torch.stack(entropies).sum())
        if self.token_loss is not None:
            of_tokens = self.token_loss.between_cycles([self._split(tokens) for tokens in cycles])
            losses['loss_cls_token'] = of_tokens['loss_kpt_token']
            losses['loss_patch_token'] = of_tokens['loss_vis_token']
        return losses

    def predict(
        self, images: Tensor, data_samples: Sequence[BaseDataElement] | None = None
    ) -> list[BaseDataElement]:
        """Classify images.

        Args:
            images: Normalised, (B, 3, H, W).
            data_samples: B samples to add the predictions to; new ones by default.

        Returns:
            B samples with ``pred_scores``, (num_classes,), probabilities that sum to 1, and
            ``pred_label``, (1,), the most probable class.
        """
        scores = self.classify(self.cycles(images)[-1]).softmax(dim=-1)
        samples = list(data_samples or [BaseDataElement() for _ in scores])
        for sample, of_image in zip(samples, scores, strict=True):
            sample.pred_scores = of_image
            sample.pred_label = of_image.argmax(dim=-1, keepdim=True)
        return samples

    def _split(self, tokens: Tensor) -> Tokens:
        """(B, 1 + P, D) -> class token (B, 1, D) and patch tokens (B, P, D)."""
        num_class_tokens = self.vit.num_prefix_tokens
        return Tokens(keypoint=tokens[:, :num_class_tokens], visual=tokens[:, num_class_tokens:])


def _create_vision_transformer(name: str, num_classes: int, options: dict[str, Any]) -> nn.Module:
    timm = import_timm()
    vision_transformer = import_timm('timm.models.vision_transformer').VisionTransformer
    if not timm.is_model(name):
        raise InputError(
            f'timm {timm.__version__} has no model {name} (model.architecture).'
            f'{did_you_mean(name, timm.list_models())}'
        )
    vit = timm.create_model(name, num_classes=num_classes, **options)
    if not isinstance(vit, vision_transformer) or vit.cls_token is None:
        raise InputError(
            f'{name} (model.architecture) is not a vision transformer with a class token; take '
            'one such as deit_tiny_patch16_224.'
        )
    vit.is_init = True  # by timm; MMEngine would do it again, and lose pretrained weights
    return vit
