"""The referee: theory and simulation side by side, claim by claim and figure by figure."""
