"""The windows: the library of workflows, the page of one open workflow, and the main window that holds them."""
