"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NO_KNOWN_CLASS = code("evidence.no_known_class", "no test row has a class that the model knows")
TOO_FEW_NUMBERS = code(
    "evidence.too_few_numbers",
    "{found} different numbers in one part, at least {least} expected",
    found=int, least=int,
)  # fmt: skip
TOO_FEW_OF_OTHER_CLASSES = code(
    "evidence.too_few_of_other_classes",
    "{found} rows of a class other than the most common in one part, at least {least} expected",
    found=int, least=int,
)  # fmt: skip
NO_FEATURE_DEFINED = code("evidence.no_feature_defined", "no feature tells anything that is defined")
MEASURED_BY_R2 = code(
    "evidence.measured_by_r2", "Measured by R²; of the model as a whole it is {whole:.4g}.", whole=float
)
MEASURED_BY_AUC = code(
    "evidence.measured_by_auc",
    "Measured by the area under the ROC curve; of the model as a whole it is {whole:.4g}.",
    whole=float,
)
MEASURED_BY_AUC_ALONE = code(
    "evidence.measured_by_auc_alone",
    "Measured by the area under the ROC curve; of the model as a whole it is not defined.",
)
