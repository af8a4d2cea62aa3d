"""Section `train`."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from spacegrouper.contract.descriptor import DESCRIPTORS
from spacegrouper.settings.known_name import KnownName
from spacegrouper.settings.section import Fraction, Section


class Train(Section):
    """The training, data-parallel over Horovod ranks."""

    descriptor: Annotated[str, KnownName(DESCRIPTORS)] = Field(
        "shaped",
        description="the network's input: `shaped` (one for each view), `raw` (one for each "
        "view, grey), `spot` (one for all views), `indexed` (three zones by the indices of their "
        "spots, with what is equal in them and the lattices); of powders, `powder` (an image of "
        "the diffractogram) or `diffractogram` (its numbers); `morphology` (one for all views); "
        "of reflections, each with the cell, `symmetry` (how well each symmetry holds), `grid` "
        "(all levels) or `zones` (images of three zones)",
    )
    resize: Literal["nearest", "maximum"] = Field(
        "nearest",
        description="how patterns are resized to image_size: `nearest` pixel (the paper's), or the "
        "`maximum` of the pixels that are merged, which keeps every spot of a much smaller image",
    )
    launcher: Literal["local", "srun"] = Field(
        "local",
        description="`local`: the ranks are processes of this machine; `srun`: tasks of the SLURM "
        "allocation it runs in, on all its nodes",
    )
    ranks: PositiveInt = Field(2, description="processes that train together")
    nodes: PositiveInt = Field(
        1, description="`srun`: nodes of the allocation, which share the ranks evenly"
    )
    batch_size: PositiveInt = Field(
        16, description="crystals a rank takes in a step (the paper does not state it)"
    )
    shuffle_crystals: PositiveInt = Field(
        8192,
        description="crystals shuffled together, over all ranks; if there are more, the dataset is "
        "streamed, with twice as many in memory (0.3 MB each at 224 pixels)",
    )
    epochs: PositiveInt = Field(1000, description="passes over the training set, at most")
    patience: PositiveInt = Field(
        50, description="epochs without a better validation loss before training stops"
    )
    rotation_epochs: PositiveInt | None = Field(
        None,
        description="the validation fold rotates through the training and validation sets, a new "
        "one after this many epochs, each as large as the validation set (the paper's ten folds: "
        "100 epochs, and shares of 0.72, 0.08 and 0.2); training then lasts all epochs, and the "
        "last one's network is kept (the paper does not state which); none: one validation set "
        "for all",
    )
    learning_rate: PositiveFloat = Field(1e-5, description="learning rate of Adam")
    learning_rate_scaling: Literal["none", "linear"] = Field(
        "none", description="`linear`: the learning rate is multiplied by the number of ranks"
    )
    warmup_epochs: NonNegativeInt = Field(
        0, description="epochs in which the learning rate rises, step by step, to its full value"
    )
    schedule: Literal["constant", "cosine"] = Field(
        "constant",
        description="`cosine`: after the warm-up the learning rate falls to 0 at the last epoch",
    )
    weight_decay: Annotated[float, Field(ge=0)] = Field(
        1e-7, description="decoupled weight decay of Adam (the paper does not state which kind)"
    )
    label_smoothing: Fraction = Field(
        0.0, description="share of each label's weight spread over all classes"
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none",
        description="`balanced`: a crystal's loss is weighted by the mean size of the classes over "
        "the size of its own",
    )
    precision: Literal["float32", "mixed_bfloat16"] = Field(
        "float32",
        description="`mixed_bfloat16`: layers compute in bfloat16 where there is a GPU (Ampere or "
        "newer) or a CPU with amx_bf16; variables, and all elsewhere, stay float32",
    )

    @property
    def validation_is_trained_on(self) -> bool:
        """Whether the network that is kept was trained on every crystal that ever validated.

        So it is once a second group validates: no group is left that could judge or calibrate it.
        """
        return self.rotation_epochs is not None and self.epochs > self.rotation_epochs
