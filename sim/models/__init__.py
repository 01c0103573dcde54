"""The models, one folder each: minimal (eq. 8), multihead and transformer."""
