"""Tools behind the `ToolProvider` port: built in, from OpenAPI documents, from MCP servers.

What is set up comes as one value (`setup.ToolSetup`) from the service; workflows as tools are not here, the node asks
the workflow runner for them.
"""
