from saved_figures import assert_saved_well

__all__ = ["assert_saved_well"]
