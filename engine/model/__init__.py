"""What a workflow is: graph, edits, document, references, checks, layout. Nothing here runs, stores or shows one."""
