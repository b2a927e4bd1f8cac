# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""How many cycles run, in training and in evaluation."""

from sdpose.engine.setting_checks import check_setting


class Cycled:
    """A module whose layers run several times; mix it into an ``nn.Module``.

    Attributes:
        num_cycles: Cycles that run in training mode, at least 1.
        test_cycles: Cycles that run in evaluation mode, at least 1. It can be set on a built
            model, also to more cycles than training saw; the weights are the same for every
            number of cycles.
    """

    training: bool
    num_cycles: int

    @property
    def test_cycles(self) -> int:
        """Cycles that run in evaluation mode."""
        return self._test_cycles

    @test_cycles.setter
    def test_cycles(self, value: int) -> None:
        self._test_cycles: int = check_setting('test_cycles', value)

    @property
    def cycles_to_run(self) -> int:
        """Cycles that run in the present mode."""
        return self.num_cycles if self.training else self.test_cycles
