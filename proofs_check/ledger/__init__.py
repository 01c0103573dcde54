"""Claims, the evidence for them and the verdicts that follow."""
