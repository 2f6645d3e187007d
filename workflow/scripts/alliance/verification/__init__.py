"""Are the reported numbers the ones that this study gives? Claims, manifest and receipt."""
