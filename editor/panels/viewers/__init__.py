"""How values are looked at: pictures, trees, documents of strangers. What a value means is decided elsewhere; nothing
here goes to the network, and no file is read that is not a stored file of the workspace."""
