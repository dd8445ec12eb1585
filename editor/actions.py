"""Everything one can do, in one table: menus, the command palette, the shortcut sheet and the keys read it.

A row names a method of the window's commands; `when` names a condition of it. The keys are those of a fresh workspace:
`keymap` has what is in force. Keys of a row fire while a text field has the focus only with `in_text`; keys with Alt,
which write letters on some systems, never do.

Rows of `PLACES` belong to a part of the window, which listens to their keys itself while it has the focus; the window
knows no method for them and no menu has them. Keys of `held` rows act as long as they are down, so one of them may be
Shift alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """One action. `text` is English, translated where it is shown; `keys` in Qt's portable words."""

    id: str
    text: str
    icon: str = ""
    keys: tuple[str, ...] = ()
    when: str = ""
    menu: str = ""
    in_text: bool = False
    place: str = ""
    held: bool = False


ACTIONS: tuple[Action, ...] = (
    Action("new_workflow", "New workflow", "plus", ("Ctrl+N",), "", "File", True),
    Action("new_chat", "New chat flow", "chat", (), "", "File"),
    Action("generate_new", "New from a description", "sparkle", (), "", "File"),
    Action("new_window", "New window", "", ("Ctrl+Shift+N",), "", "File", True),
    Action("open_file", "Open file", "folder", ("Ctrl+Shift+O",), "", "File", True),
    Action("import_over", "Import over this workflow", "import", (), "editable", "File"),
    Action("show_backups", "Backups of the draft…", "history", (), "editable", "File"),
    Action("save", "Save now", "save", ("Ctrl+S",), "open", "File", True),
    Action("rename_workflow", "Rename the workflow", "edit", (), "editable", "File"),
    Action("export", "Export", "export", ("Ctrl+Shift+S",), "open", "File", True),
    Action("export_image", "Export as image", "image", (), "open", "File"),
    Action("show_library", "Library", "library", ("Ctrl+L",), "", "File", True),
    Action("close_tab", "Close tab", "close", ("Ctrl+W",), "open", "File", True),
    Action("preferences", "Settings", "settings", ("Ctrl+,",), "", "File", True),
    Action("quit", "Quit", "", ("Ctrl+Q",), "", "File", True),
    Action("undo", "Undo", "undo", ("Ctrl+Z",), "editable", "Edit"),
    Action("redo", "Redo", "redo", ("Ctrl+Y", "Ctrl+Shift+Z"), "editable", "Edit"),
    Action("cut", "Cut", "cut", ("Ctrl+X",), "editable", "Edit"),
    Action("copy", "Copy", "copy", ("Ctrl+C",), "open", "Edit"),
    Action("paste", "Paste", "paste", ("Ctrl+V",), "editable", "Edit"),
    Action("duplicate", "Duplicate", "duplicate", ("Ctrl+D",), "editable", "Edit"),
    Action("delete", "Delete", "trash", ("Del", "Backspace"), "editable", "Edit"),
    Action("dissolve", "Delete and reconnect", "unlink", ("Ctrl+Del", "Ctrl+Backspace"), "some", "Edit"),
    Action("select_all", "Select all", "", ("Ctrl+A",), "open", "Edit"),
    Action("select_after", "Select what follows", "arrow-right", ("Ctrl+Shift+Right",), "chosen", "Edit"),
    Action("select_before", "Select what leads here", "arrow-left", ("Ctrl+Shift+Left",), "chosen", "Edit"),
    Action("rename", "Rename", "edit", ("F2",), "one", "Edit"),
    Action("find", "Find", "search", ("Ctrl+F",), "open", "Edit", True),
    Action("generate_here", "Generate from words", "sparkle", (), "editable", "Edit"),
    Action("palette", "Go to anything", "search", ("Ctrl+K",), "", "Edit", True),
    Action("add_block", "Add a block", "plus", ("A",), "editable", "Node"),
    Action("connect_to", "Connect to…", "link", ("E",), "one", "Node"),
    Action("disconnect", "Disconnect", "unlink", (), "some", "Node"),
    Action("change_type", "Change the type…", "replace", (), "one", "Node"),
    Action("toggle_disabled", "Switch off or on", "disabled", ("Ctrl+E",), "some", "Node"),
    Action("move_in", "Move into a container…", "group", (), "some", "Node"),
    Action("move_out", "Move out of the container", "ungroup", (), "some", "Node"),
    Action("save_snippet", "Save as snippet…", "snippet", (), "chosen", "Node"),
    Action("about_block", "About this block", "help", ("Shift+F1",), "open", "Node", True),
    Action("organize", "Tidy up", "tidy", ("Ctrl+O", "Ctrl+Shift+L"), "editable", "Arrange"),
    Action("align_left", "Align left", "align-left", (), "several", "Arrange"),
    Action("align_center", "Align centres", "align-center", (), "several", "Arrange"),
    Action("align_right", "Align right", "align-right", (), "several", "Arrange"),
    Action("align_top", "Align top", "align-top", (), "several", "Arrange"),
    Action("align_middle", "Align middles", "align-middle", (), "several", "Arrange"),
    Action("align_bottom", "Align bottom", "align-bottom", (), "several", "Arrange"),
    Action("space_horizontal", "Space evenly across", "distribute-horizontal", (), "spread_across", "Arrange"),
    Action("space_vertical", "Space evenly down", "distribute-vertical", (), "spread_down", "Arrange"),
    Action("pointer_mode", "Pointer", "pointer", ("V",), "open", "View"),
    Action("hand_mode", "Hand", "hand", ("H",), "open", "View"),
    Action("comment_mode", "Place a note", "note", ("C",), "editable", "View"),
    Action("zoom_in", "Zoom in", "zoom-in", ("Ctrl+=", "Ctrl++"), "open", "View"),
    Action("zoom_out", "Zoom out", "zoom-out", ("Ctrl+-",), "open", "View"),
    Action("zoom_fit", "Zoom to fit", "fit", ("Ctrl+1",), "open", "View"),
    Action("zoom_selection", "Zoom to the selection", "", ("Ctrl+2",), "open", "View"),
    Action("zoom_100", "Zoom to 100 %", "", ("Ctrl+0", "Shift+1"), "open", "View"),
    Action("zoom_50", "Zoom to 50 %", "", ("Shift+5",), "open", "View"),
    Action("maximize", "Canvas only", "maximize", ("F",), "open", "View"),
    Action("minimap", "Minimap", "minimap", ("M",), "open", "View"),
    Action("show_blocks", "Blocks", "blocks", ("Ctrl+B",), "open", "View"),
    Action("show_snippets", "Snippets", "snippet", (), "open", "View"),
    Action("show_variables", "Variables", "variables", (), "open", "View"),
    Action("show_problems", "Problems", "problems", ("Ctrl+Shift+M",), "open", "View", True),
    Action("next_problem", "Next problem", "", ("F4",), "open", "View", True),
    Action("show_history", "Run history", "history", ("Ctrl+R",), "open", "View", True),
    Action("show_changes", "Change history", "undo", ("Ctrl+H",), "open", "View", True),
    Action("show_versions", "Versions", "versions", ("Ctrl+Shift+H",), "open", "View"),
    Action("show_breakpoints", "Breakpoints and pins", "breakpoint", ("Ctrl+Shift+F9",), "editable", "View", True),
    Action("show_logs", "Run log of all workflows", "list", ("Ctrl+Shift+R",), "", "View", True),
    Action("show_trace", "Trace", "trace", ("Ctrl+T",), "open", "View", True),
    Action("show_values", "Values of the last run", "variables", ("Ctrl+I",), "editable", "View", True),
    Action("moment_back", "One moment back", "chevron-left", ("Alt+Left",), "past_moments", "View"),
    Action("moment_on", "One moment on", "chevron-right", ("Alt+Right",), "past_moments", "View"),
    Action("round_back", "Round before", "chevron-left", ("[",), "rounds", "View"),
    Action("round_on", "Next round", "chevron-right", ("]",), "rounds", "View"),
    Action("failed_round", "Next failed round", "status-failed", ("F7",), "rounds", "View"),
    Action("pick_round", "Choose a round", "list", ("Ctrl+F7",), "rounds", "View"),
    Action("follow_run", "Follow the run", "follow", ("Ctrl+Shift+F",), "open", "View"),
    Action("theme", "Dark or light", "moon", ("Ctrl+Shift+D",), "", "View", True),
    Action("language", "English or Chinese", "language", (), "", "View"),
    Action("run", "Run", "play", ("F5", "Alt+R"), "unheld", "Run", True),
    Action("run_node", "Run this step", "step", ("F10",), "unheld", "Run", True),
    Action("run_items", "Run with chosen items…", "list", (), "one", "Run"),
    Action("run_to_node", "Run to this step", "run-to", ("Ctrl+F10",), "one", "Run", True),
    Action("run_from", "Run again from this step", "run-from", ("Ctrl+Shift+F10",), "one", "Run", True),
    Action("run_rest", "Continue from the failure", "resume", (), "editable", "Run"),
    Action("batch", "Batch run", "grid", (), "editable", "Run"),
    Action("stop", "Stop", "stop", ("Shift+F5",), "running", "Run", True),
    Action("continue_run", "Continue", "resume", ("F5", "F8"), "held", "Run", True),
    Action("step_over", "Step over", "step-over", ("F10",), "held", "Run", True),
    Action("step_into", "Step into", "step-into", ("F11",), "held", "Run", True),
    Action("step_out", "Step out", "step-out", ("Shift+F11",), "held", "Run", True),
    Action("hold_next", "Hold at the next step", "pause", ("Ctrl+F8",), "going", "Run", True),
    Action("try_again", "Run the failed step again", "retry", ("Ctrl+Shift+F5",), "held_failure", "Run", True),
    Action("breakpoint", "Breakpoint", "breakpoint", ("F9",), "editable", "Run", True),
    Action("edit_breakpoint", "Breakpoint with a condition…", "breakpoint", ("Shift+F9",), "one", "Run", True),
    Action("pin", "Pin the result, or unpin it", "pin", ("P",), "one", "Run"),
    Action("edit_pin", "Change the pinned result…", "edit", (), "one", "Run"),
    Action("unpin_all", "Unpin all results", "unpin", (), "editable", "Run"),
    Action("publish", "Publish", "publish", ("Ctrl+Shift+P",), "editable", "Run"),
    Action("shortcuts", "Keyboard shortcuts", "keyboard", ("F1",), "", "Help", True),
    Action("about", "About Penstock", "info", (), "", "Help"),
    Action("next_tab", "Next tab", "", ("Ctrl+Tab",), "", "", True),
    Action("previous_tab", "Previous tab", "", ("Ctrl+Shift+Tab",), "", "", True),
    Action("next_part", "Next part of the window", "", ("F6",), "", "", True),
    Action("previous_part", "Previous part of the window", "", ("Shift+F6",), "", "", True),
    Action("escape", "Close what is open", "", ("Esc",), "", "", True),
    Action("nudge_left", "Move left", "", ("Left",), place="Canvas"),
    Action("nudge_right", "Move right", "", ("Right",), place="Canvas"),
    Action("nudge_up", "Move up", "", ("Up",), place="Canvas"),
    Action("nudge_down", "Move down", "", ("Down",), place="Canvas"),
    Action("nudge_far_left", "Move far left", "", ("Shift+Left",), place="Canvas"),
    Action("nudge_far_right", "Move far right", "", ("Shift+Right",), place="Canvas"),
    Action("nudge_far_up", "Move far up", "", ("Shift+Up",), place="Canvas"),
    Action("nudge_far_down", "Move far down", "", ("Shift+Down",), place="Canvas"),
    Action("open_node", "Open the settings of the node", "", ("Return", "Enter"), place="Canvas"),
    Action("walk_on", "Next node or connection", "", ("Tab",), place="Canvas"),
    Action("walk_back", "Node or connection before", "", ("Shift+Tab",), place="Canvas"),
    Action("hold_view", "Held: move the view; tapped: select", "hand", ("Space",), place="Canvas", held=True),
    Action("hold_relations", "Held: show what belongs to the node", "", ("Shift",), place="Canvas", held=True),
    Action("row_up", "Move the row up", "", ("Alt+Up",), place="Handle of a row"),
    Action("row_down", "Move the row down", "", ("Alt+Down",), place="Handle of a row"),
    Action("favourite", "Favourite, or no longer", "star", ("Ctrl+Shift+B",), place="Lists of blocks"),
    Action("lay_out", "Format the JSON", "braces", ("Alt+Shift+F",), place="Text"),
    Action("comment_lines", "Comment the lines, or no longer", "", ("Ctrl+/",), place="Text"),
    Action("insert_field", "Insert a field", "", ("Ctrl+/",), place="Form text"),
    Action("confirm", "Confirm what is written", "check", ("Ctrl+Return", "Ctrl+Enter"), place="Text"),
    Action("pick_variable", "Choose a variable", "variables", ("/", "{"), place="Text"),
    Action("bold", "Bold", "bold", ("Ctrl+B",), place="Note text"),
    Action("italic", "Italic", "italic", ("Ctrl+I",), place="Note text"),
    Action("begin_input", "Begin with user input", "play", ("`", "~"), place="Where the run begins"),
    Action("begin_all", "Begin with all triggers", "list", ("0",), place="Where the run begins"),
    Action("refresh_log", "Read the run log again", "refresh", ("F5",), place="Run log"),
    Action("help_back", "Back", "", ("Alt+Left", "Backspace"), place="Help"),
)
COMMANDS = tuple(action for action in ACTIONS if not action.place)
"""What the window does itself."""
PLACES = (
    "Canvas", "Lists of blocks", "Handle of a row", "Text", "Form text", "Note text", "Where the run begins", "Run log",
    "Help",
)  # fmt: skip
"""Parts of the window, and windows, with keys of their own."""
TEXT_PLACES = frozenset({"Text", "Form text", "Note text"})
APART = frozenset({"Where the run begins", "Run log", "Help"})
"""Menus and windows of their own, which the keys of the main window do not reach."""
EXCLUSIVE = frozenset({"held", "unheld"})
"""Conditions of which one holds at most: actions with different ones may have the same keys."""
BY_ID = {action.id: action for action in ACTIONS}


def may_share_keys(one: Action, other: Action) -> bool:
    """Whether the same keys may mean both: they are told apart by what goes on, or by where the keyboard is."""
    if one.place != other.place:
        return bool({one.place, other.place} & (TEXT_PLACES | APART))
    return one.place == other.place == "" and one.when != other.when and {one.when, other.when} <= EXCLUSIVE


MENUS = ("File", "Edit", "Node", "Arrange", "View", "Run", "Help")
SUBMENUS: Mapping[str, tuple[str, ...]] = {
    "Zoom": ("zoom_in", "zoom_out", "zoom_fit", "zoom_selection", "zoom_100", "zoom_50"),
    "Panels": (
        "show_blocks", "show_snippets", "show_variables", "show_problems", "show_history", "show_changes",
        "show_versions", "show_breakpoints", "show_trace", "show_values",
    ),
    "Rounds and moments of a run": (
        "moment_back", "moment_on", "round_back", "round_on", "failed_round", "pick_round", "follow_run",
    ),
}  # fmt: skip
"""What stands one level deeper, so that no menu is higher than a small screen."""
PARTED = frozenset(
    {
        "open_file", "save", "show_library", "quit", "cut", "select_all", "find", "change_type", "move_in",
        "align_left", "align_top", "space_horizontal", "zoom_in", "maximize", "show_blocks", "show_logs", "theme",
        "stop", "breakpoint", "pin", "publish", "about", "about_block", "save_snippet",
    }
)  # fmt: skip
"""Actions that begin another group of their menu."""
