"""Tables of databases: read in bulk as Arrow, in one consistent view, in bounded memory."""
