"""The built-in tools, one file per provider (nodes-ai spec 13.2). Names, parameters, defaults and texts are those that
files refer to. No file here reaches outside except through the ports of the call."""
