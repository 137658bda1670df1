"""What several checks share: how they judge (light), and how they measure (with frames and arrays)."""
