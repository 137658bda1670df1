"""What the figures of the comparison with baselines are called."""

from __future__ import annotations

from comporta.records import quantity

ROC_AUC_ABOVE_CHANCE = quantity("roc_auc_above_chance", "roc_auc above chance")
BALANCED_ACCURACY_ABOVE_CHANCE = quantity("balanced_accuracy_above_chance", "balanced_accuracy above chance")
SKILL_OVER_CLASS_SHARES = quantity("skill_over_class_shares", "skill over the class shares")
SKILL_OVER_MOST_FREQUENT = quantity("skill_over_most_frequent_class", "skill over the most frequent class")
SKILL_OVER_MEAN = quantity("skill_over_mean", "skill over the mean")
SKILL_OVER_MEDIAN = quantity("skill_over_median", "skill over the median")
SKILL_LESS_TREE = quantity("skill_less_tree", "skill less that of a tree of depth 3")
SKILL_LESS_LINE = quantity("skill_less_line", "skill less that of a line")

ABOVE_CHANCE = (ROC_AUC_ABOVE_CHANCE, BALANCED_ACCURACY_ABOVE_CHANCE)
SKILL_OVER = (SKILL_OVER_CLASS_SHARES, SKILL_OVER_MOST_FREQUENT, SKILL_OVER_MEAN, SKILL_OVER_MEDIAN)
SKILL_LESS = (SKILL_LESS_TREE, SKILL_LESS_LINE)
