"""What the gates judge: each thing a check wants to see is measured here once, by a step."""
