"""The feature table of the editor with tests that play each row by hand: `python -m tests.features`.

Rows are named as in the editor spec: those of its tables by their ids, other sections by number and name. C24 and C25
are left out: they are of a server and a team. The exit code is 1 when a test that is named here is not there, or, where
the specification lies beside the repository, when a row has none.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent
SPEC = TESTS.parents[1] / "shared" / "spec" / "editor-ux.md"
LEFT_OUT = frozenset({"C24", "C25"})
ROW = re.compile(r"^\| ([CPV]\d+) \| ([^|]+) \|", re.MULTILINE)

FEATURES: dict[str, tuple[str, ...]] = {
    "C1": (
        "editor/canvas/test_gestures.py::test_hand_mode_pans_on_left_drag",
        "editor/canvas/test_gestures.py::test_comment_mode_places_a_note",
        "journeys/test_daily_use.py::test_the_hand_is_remembered_and_pictures_of_the_past_have_it",
        "journeys/test_shortcuts.py::test_each_key_of_the_specification_does_what_it_says",
    ),
    "C2": (
        "editor/canvas/test_gestures.py::test_wheel_zoom_keeps_the_point_under_the_pointer",
        "editor/canvas/test_gestures.py::test_zoom_stays_within_its_limits",
        "editor/canvas/test_gestures.py::test_the_wheel_pans_and_zooms_by_mode",
        "editor/canvas/test_gestures.py::test_space_drag_and_middle_drag_pan_in_both_modes",
        "editor/canvas/test_actions.py::test_the_viewport_is_remembered_but_never_a_step_of_undo",
    ),
    "C3": (
        "journeys/test_daily_use.py::test_zoom_buttons_stop_at_the_limits_and_the_menu_knows_the_present_zoom",
        "editor/canvas/test_gestures.py::test_fit_shows_all_nodes_with_a_margin",
    ),
    "C4": (
        "editor/canvas/test_showing.py::test_the_minimap_draws_and_moves_the_view",
        "editor/canvas/test_reading.py::test_the_minimap_steps_aside_while_everything_is_in_view",
    ),
    "C5": (
        "editor/canvas/test_gestures.py::test_tops_and_lefts_snap_within_five_units",
        "editor/canvas/test_gestures.py::test_alt_turns_snapping_off",
    ),
    "C6": (
        "editor/canvas/test_gestures.py::test_pointer_mode_boxes_and_touching_any_part_takes_a_node",
        "editor/canvas/test_gestures.py::test_ctrl_box_adds_to_the_selection",
        "editor/canvas/test_gestures.py::test_a_selection_moves_together",
    ),
    "C7": (
        "editor/canvas/test_gestures.py::test_a_ghost_is_placed_by_a_click_and_dropped_by_escape",
        "editor/canvas/test_gestures.py::test_a_ghost_over_an_edge_splits_it",
        "journeys/test_daily_use.py::test_a_block_chosen_at_the_tools_hangs_at_the_pointer",
    ),
    "C8": (
        "editor/canvas/test_gestures.py::test_clicking_a_source_socket_asks_and_the_new_node_stands_right_with_gap_60",
        "editor/canvas/test_gestures.py::test_a_third_branch_lands_below_the_lowest_and_overlaps_nothing",
    ),
    "C9": (
        "editor/canvas/test_gestures.py::test_inserting_on_an_edge_takes_the_targets_place_and_shifts_what_follows",
        "editor/canvas/test_gestures.py::test_a_branching_type_on_an_edge_keeps_only_the_incoming_one",
        "editor/canvas/test_gestures.py::test_an_edge_shows_a_plus_and_a_delete_under_the_pointer",
    ),
    "C10": (
        "editor/canvas/test_gestures.py::test_dragging_from_a_socket_connects",
        "editor/canvas/test_gestures.py::test_connections_that_are_not_allowed_are_refused_with_a_reason",
        "journeys/test_assigning.py::test_the_value_that_is_chosen_goes_into_the_list_and_gives_it_its_type",
    ),
    "C11": (
        "editor/canvas/test_gestures.py::test_a_connection_dropped_on_the_ground_asks_for_a_block",
        "editor/canvas/test_gestures.py::test_escape_while_connecting_leaves_no_trace",
    ),
    "C12": (
        "editor/canvas/test_gestures.py::test_clicking_an_edge_selects_it_and_delete_removes_it",
        "editor/canvas/test_states.py::test_an_edge_on_its_way_shows_its_direction_and_a_comparison_has_signs",
        "journeys/test_daily_use.py::test_the_edges_of_the_card_under_the_pointer_stand_out",
        "journeys/test_undo_all.py::test_a_connection_is_cut_by_its_own_button_and_by_the_menu",
    ),
    "C13": (
        "editor/canvas/test_gestures.py::test_deleting_a_node_takes_its_edges_and_one_undo_brings_all_back",
        "editor/canvas/test_gestures.py::test_deleting_a_container_with_several_children_asks_and_names_the_count",
        "journeys/test_what_is_used.py::test_deleting_a_node_that_others_read_asks_and_names_them",
        "journeys/test_panel_keys.py::test_the_menu_of_a_start_offers_nothing_that_a_start_does_not_do",
    ),
    "C14": (
        "journeys/test_clipboard.py::test_a_container_goes_from_one_workflow_to_another",
        "journeys/test_clipboard.py::test_pasting_goes_to_the_pointer_or_to_the_middle",
        "journeys/test_clipboard.py::test_nodes_of_the_web_editor_are_pasted_moved_copied_and_undone",
        "journeys/test_clipboard.py::test_what_cannot_be_pasted_changes_nothing_and_says_why",
        "journeys/test_clipboard.py::test_what_was_left_out_is_counted_in_one_message",
        "editor/canvas/test_rooms.py::test_what_is_pasted_into_a_chosen_container_stands_within",
    ),
    "C15": (
        "editor/canvas/test_actions.py::test_cut_and_duplicate",
        "editor/canvas/test_rooms.py::test_a_child_is_duplicated_in_its_container",
    ),
    "C16": ("journeys/test_undo.py::test_another_type_keeps_title_place_and_connections",),
    "C17": (
        "editor/canvas/test_actions.py::test_disconnect_and_disable",
        "journeys/test_next_step.py::test_change_disconnect_and_delete_are_one_step_each_and_the_node_stays_open",
    ),
    "C18": (
        "journeys/test_undo.py::test_each_kind_of_edit_is_one_step_there_and_back",
        "journeys/test_undo_all.py::test_variables_come_change_and_go_in_steps",
        "journeys/test_every_setting.py::test_each_setting_of_a_node_is_taken_back_and_done_again",
        "journeys/test_word_undo.py::test_a_sentence_goes_word_by_word_and_at_once_from_the_canvas",
        "editor/test_fuzz.py::test_random_editing_can_be_undone_to_the_beginning_and_redone_to_the_end",
    ),
    "C19": (
        "journeys/test_windows.py::test_the_change_history_names_steps_jumps_and_survives_a_restart",
        "journeys/test_windows.py::test_the_history_of_real_work_names_it_and_goes_on_after_a_restart",
    ),
    "C20": (
        "editor/canvas/test_actions.py::test_organize_leaves_no_overlap_and_is_one_step",
        "editor/canvas/test_gliding.py::test_cards_glide_to_their_places_and_end_exactly_there",
    ),
    "C21": (
        "editor/canvas/test_actions.py::test_align",
        "editor/canvas/test_actions.py::test_distribute_makes_equal_gaps_and_refuses_without_room",
    ),
    "C22": (
        "editor/canvas/test_gestures.py::test_a_child_stays_within_the_padding_of_its_container",
        "editor/canvas/test_gestures.py::test_a_container_does_not_get_smaller_than_its_children_need",
        "journeys/test_undo.py::test_a_container_and_a_note_get_another_size_by_hand",
        "journeys/test_moving_rooms.py::test_from_one_iteration_into_another",
        "editor/canvas/test_rooms.py::test_a_child_that_grows_makes_its_container_grow",
    ),
    "C23": (
        "journeys/test_undo_all.py::test_a_note_is_written_painted_copied_and_deleted_in_steps",
        "journeys/test_daily_use.py::test_a_placed_note_is_written_at_once_and_links_open_and_go",
        "journeys/test_daily_use.py::test_the_menu_of_a_note_has_its_colours",
        "editor/canvas/test_showing.py::test_note_texts_survive_the_way_through_the_editor",
    ),
    "C26": ("journeys/test_keys.py::test_the_find_bar_finds_titles_types_and_texts",),
    "C27": (
        "journeys/test_keys.py::test_go_to_anything_reaches_commands_nodes_workflows_versions_and_runs",
        "journeys/test_keys.py::test_go_to_anything_finds_one_of_2000_nodes",
        "journeys/test_keys.py::test_a_slash_means_commands_of_the_palette",
    ),
    "C28": (
        "journeys/test_pictures.py::test_the_whole_workflow_is_written_as_a_picture",
        "journeys/test_pictures.py::test_a_picture_that_cannot_be_written_says_so",
    ),
    "C29": ("journeys/test_shortcuts.py::test_each_key_of_the_specification_does_what_it_says",),
    "C30": ("editor/canvas/test_actions.py::test_holding_shift_dims_unrelated_nodes_and_letting_go_restores",),
    "C31": (
        "editor/canvas/test_gestures.py::test_read_only_canvases_change_nothing",
        "journeys/test_versions_by_hand.py::test_by_keys_alone_a_version_is_looked_at_and_the_draft_is_come_back_to",
        "journeys/test_run_and_debug.py::test_a_past_run_stands_on_the_graph_it_ran_on",
    ),
    "C32": (
        "journeys/test_publishing.py::test_the_bar_says_when_the_draft_was_saved",
        "journeys/test_full_disk.py::test_work_goes_on_and_is_saved_by_itself",
    ),
    "C33": (
        "journeys/test_beginning.py::test_in_a_new_workflow_one_chooses_first_what_it_begins_with",
        "journeys/test_beginning.py::test_a_start_becomes_a_trigger_in_its_panel_and_what_others_read_is_named_before",
        "journeys/test_beginning.py::test_the_start_is_neither_copied_nor_deleted_nor_changed",
        "journeys/test_beginning.py::test_a_click_begins_the_workflow_and_undo_offers_it_again",
        "journeys/test_beginning.py::test_a_chat_flow_begins_with_what_is_said_alone_and_the_space_key_is_enough",
    ),
    "C34": (
        "journeys/test_snippets.py::test_a_selection_becomes_a_snippet_and_the_empty_tab_says_how",
        "journeys/test_snippets.py::test_a_click_in_the_panel_gives_a_ghost_that_a_click_places",
        "journeys/test_snippets.py::test_by_keys_at_a_socket_and_the_selector_finds_it_by_its_words",
    ),
    "C35": (
        "journeys/test_generating.py::test_a_workflow_is_made_from_words_and_runs_with_the_model_that_designed_it",
        "journeys/test_generating.py::test_the_open_workflow_is_refined_and_what_stays_keeps_its_settings",
        "journeys/test_generating.py::test_progress_is_counted_and_a_model_that_writes_is_stopped",
    ),
    "3 block selector": (
        "editor/forms/test_every_form.py::test_the_block_selector_is_filtered_and_used_by_keys",
        "editor/forms/test_every_form.py::test_escape_closes_the_selector_and_gives_the_keyboard_back",
        "journeys/test_favourites.py::test_only_what_fits_a_place_is_offered_among_favourites",
        "journeys/test_tools.py::test_kinds_filter_the_tools",
    ),
    "4 node card": (
        "editor/canvas/test_cards.py::test_a_card_tells_what_its_node_does",
        "editor/canvas/test_reading.py::test_no_card_of_any_corpus_file_clips_its_text",
        "editor/canvas/test_showing.py::test_states_are_also_told_by_a_glyph_and_by_words",
        "editor/canvas/test_gestures.py::test_the_bar_above_a_card_runs_it_and_opens_its_menu",
    ),
    "5 node menu": (
        "editor/canvas/test_gestures.py::test_the_bar_above_a_card_runs_it_and_opens_its_menu",
        "journeys/test_block_help.py::test_from_the_menu_of_a_node",
        "journeys/test_panel_keys.py::test_the_menu_of_a_start_offers_nothing_that_a_start_does_not_do",
        "journeys/test_workflow_tools.py::test_the_called_run_is_opened_with_a_click",
    ),
    "P1": (
        "journeys/test_problems.py::test_a_click_on_what_a_search_lacks_opens_its_section_and_goes_to_the_field",
        "editor/forms/test_code.py::test_outputs_are_added_typed_and_removed",
    ),
    "P2": (
        "editor/forms/test_variables.py::test_the_picker_offers_what_runs_before_and_nothing_else",
        "editor/forms/test_variables.py::test_a_file_has_its_attributes_below_it",
        "editor/forms/test_variables.py::test_picking_by_keys_writes_the_selector_in_one_step",
    ),
    "P3": (
        "editor/forms/test_variables.py::test_a_click_on_a_chip_changes_it_and_one_on_its_node_goes_there",
        "editor/forms/test_variables.py::test_a_sign_opens_the_picker_and_a_chip_takes_its_place",
        "editor/forms/test_variables.py::test_pasted_references_become_chips_and_unknown_ones_warn",
        "journeys/test_panel_keys.py::test_a_chosen_variable_leads_to_its_node_and_can_be_taken_away",
    ),
    "P4": (
        "journeys/test_what_is_used.py::test_a_new_name_is_followed_by_every_use_in_one_step",
        "journeys/test_what_is_used.py::test_removing_what_others_read_asks_names_them_and_marks_the_chips",
    ),
    "P5": (
        "editor/forms/test_conditions.py::test_a_number_is_compared_with_a_number_or_a_variable",
        "editor/forms/test_settings.py::test_an_assignment_changes_its_operation_and_operand_in_one_step",
    ),
    "P6": (
        "editor/forms/test_variables.py::test_a_prompt_offers_the_context_that_is_switched_on",
        "editor/forms/test_prompts.py::test_a_message_is_dragged_to_another_place",
        "editor/forms/test_settings.py::test_messages_are_added_moved_and_removed",
        "editor/forms/test_settings.py::test_a_jinja_prompt_has_its_own_text_and_colours",
        "editor/forms/test_settings.py::test_the_large_editor_and_the_form_stay_in_step",
        "journeys/test_drafting.py::test_a_prompt_is_written_changed_compared_and_taken_in_one_step",
    ),
    "P7": (
        "editor/forms/test_code.py::test_code_is_coloured_and_numbered",
        "editor/forms/test_code.py::test_the_large_window_writes_the_same_code",
        "editor/forms/test_code.py::test_match_inputs_writes_the_signature",
        "editor/forms/test_code.py::test_a_syntax_error_is_marked_at_its_line",
        "journeys/test_drafting.py::test_code_is_written_for_the_inputs_of_the_step",
    ),
    "P8": ("editor/forms/test_prompts.py::test_a_sign_in_jinja_text_opens_the_picker_and_names_an_input",),
    "P9": (
        "editor/forms/test_json.py::test_a_key_lays_the_text_out_and_one_undo_takes_it_back",
        "editor/forms/test_json.py::test_the_line_below_tells_the_fault_as_long_as_there_is_one",
    ),
    "P10": (
        "journeys/test_structured_output.py::test_both_sides_stay_in_step_there_and_back",
        "journeys/test_structured_output.py::test_a_name_that_stands_twice_is_refused_and_the_field_stays_open",
        "journeys/test_structured_output.py::test_control_and_enter_confirm_and_go_on_to_the_next",
        "journeys/test_structured_output.py::test_reset_takes_all_fields_away_in_one_step",
        "editor/forms/test_schema.py::test_an_example_makes_the_fields",
    ),
    "P11": (
        "editor/forms/test_conditions.py::test_conditions_on_each_file_are_made_by_hand",
        "editor/forms/test_settings.py::test_a_variable_of_another_type_resets_the_operator_and_says_so",
    ),
    "P12": (
        "editor/forms/test_models.py::test_models_are_searched_by_name_provider_and_capability",
        "editor/forms/test_models.py::test_a_preset_is_one_step_and_a_slider_writes_numbers",
        "editor/forms/test_settings.py::test_a_model_that_is_not_here_is_named_with_a_warning",
    ),
    "P13": (
        "editor/forms/test_run_form.py::test_files_say_which_kinds_and_sizes_fit",
        "editor/forms/test_run_form.py::test_files_can_be_dropped_up_to_a_number",
        "editor/forms/test_start.py::test_where_files_come_from_is_chosen",
    ),
    "P14": (
        "journeys/test_every_setting.py::test_each_setting_of_a_node_is_taken_back_and_done_again",
        "editor/canvas/test_cards.py::test_retry_and_default_value_have_their_lines",
    ),
    "P15": (
        "editor/forms/test_settings.py::test_the_fail_branch_comes_and_goes_with_its_edges",
        "editor/canvas/test_cards.py::test_a_fail_branch_adds_a_socket_and_taking_it_away_removes_it",
    ),
    "P16": (
        "journeys/test_next_step.py::test_every_branch_shows_what_follows_and_a_click_goes_there",
        "journeys/test_next_step.py::test_a_block_is_added_behind_the_branch_it_was_asked_for_in_one_step",
        "journeys/test_next_step.py::test_change_disconnect_and_delete_are_one_step_each_and_the_node_stays_open",
    ),
    "P17": ("journeys/test_every_setting.py::test_each_setting_of_a_node_is_taken_back_and_done_again",),
    "P18": (
        "editor/forms/test_settings.py::test_a_curl_command_fills_the_request_in_one_step",
        "editor/forms/test_http.py::test_many_headers_are_pasted_as_one_text",
        "editor/forms/test_settings.py::test_headers_are_a_table_that_grows",
    ),
    "P19": (
        "editor/forms/test_retrieval.py::test_each_setting_is_one_step_and_undo_brings_the_same_graph_back",
        "editor/forms/test_retrieval.py::test_weights_are_shown_as_numbers_and_sum_up_to_one",
        "editor/forms/test_retrieval.py::test_operators_fit_the_kind_of_the_field",
    ),
    "P20": (
        "editor/forms/test_human_form.py::test_a_key_inserts_a_new_field_at_the_caret_in_one_step",
        "editor/forms/test_human_form.py::test_the_preview_follows_what_is_edited",
        "editor/forms/test_human_form.py::test_a_test_goes_to_oneself_and_says_so_in_place",
        "editor/forms/test_human_input.py::test_a_button_that_goes_takes_its_edge_in_one_step",
    ),
    "P21": (
        "editor/forms/test_triggers.py::test_a_cron_text_is_checked_while_it_is_typed",
        "editor/forms/test_triggers.py::test_the_zone_decides",
        "editor/forms/test_triggers.py::test_tables_have_types_by_content",
    ),
    "P22": (
        "journeys/test_tool_settings.py::test_accounts_are_added_and_made_the_default",
        "journeys/test_tool_settings.py::test_a_node_chooses_its_account",
    ),
    "7 checklist": (
        "journeys/test_problems.py::test_a_click_on_a_problem_goes_to_the_field_at_fault",
        "journeys/test_problems.py::test_every_fix_puts_its_problem_right_in_one_step",
        "journeys/test_problems.py::test_a_clean_path_runs_beside_a_faulty_branch_and_publishing_lists_every_problem",
    ),
    "V1": (
        "journeys/test_publishing.py::test_the_menu_says_what_is_published_and_leads_back_to_it",
        "journeys/test_publishing.py::test_a_published_workflow_is_offered_as_a_tool_from_the_menu",
    ),
    "V2": (
        "journeys/test_versions.py::test_versions_are_published_named_filtered_and_deleted",
        "journeys/test_problems.py::test_a_clean_path_runs_beside_a_faulty_branch_and_publishing_lists_every_problem",
    ),
    "V3": (
        "journeys/test_versions_by_hand.py::test_more_than_ten_versions_are_loaded_page_by_page",
        "journeys/test_versions_by_hand.py::test_by_keys_alone_a_version_is_looked_at_and_the_draft_is_come_back_to",
    ),
    "V4": ("journeys/test_versions.py::test_versions_are_published_named_filtered_and_deleted",),
    "V5": (
        "journeys/test_versions.py::test_a_version_is_looked_at_exported_and_restored_and_undo_brings_the_draft_back",
        "journeys/test_versions_by_hand.py::test_restoring_brings_all_back_that_a_version_holds_and_undo_all_of_the_draft",
    ),
    "V6": (
        "journeys/test_versions.py::test_two_states_are_compared_in_a_list_and_by_colour_and_sign_on_the_canvas",
        "journeys/test_versions_by_hand.py::test_steps_inside_containers_are_compared_field_by_field",
    ),
    "12 side panels": (
        "editor/panels/test_variables_panel.py::test_the_dialog_checks_name_uniqueness_type_and_value",
        "editor/panels/test_variables_panel.py::test_system_variables_are_listed_with_what_they_mean",
        "editor/panels/test_features.py::test_a_switch_is_one_undo_step",
        "journeys/test_feature_switches.py::test_file_upload_brings_its_button_into_the_preview",
    ),
    "13 DSL": (
        "journeys/test_dropping.py::test_a_workflow_file_is_offered_as_new_or_over_the_open_app",
        "journeys/test_library.py::test_an_address_is_fetched_under_the_network_rules",
        "journeys/test_undo_all.py::test_an_import_over_the_draft_is_one_step",
    ),
    "15 library and settings": (
        "journeys/test_library.py::test_a_click_opens_and_a_box_selects",
        "journeys/test_library.py::test_tags_are_made_put_on_filtered_by_and_removed",
        "editor/test_models_page.py::test_a_provider_is_added_tested_and_removed",
        "journeys/test_language.py::test_a_live_change_of_language_says_what_a_fresh_start_says",
        "editor/test_theme.py::test_a_switch_dresses_the_application_and_tells_everyone",
    ),
    "16 accessibility": (
        "editor/canvas/test_showing.py::test_nodes_and_edges_are_children_with_names_states_and_places",
        "journeys/test_tabbing.py::test_tab_reaches_every_control_forth_and_back_in_reading_order",
        "journeys/test_keyboard_path.py::test_a_prompt_with_a_variable_is_written_run_traced_and_published_by_keys",
        "editor/test_contrast.py::test_words_can_be_read_on_every_ground_they_stand_on",
    ),
}


def rows() -> dict[str, str]:
    """The rows of the specification's tables with their names; empty where it does not lie beside the repository."""
    if not SPEC.exists():
        return {}
    return {row: name.strip() for row, name in ROW.findall(SPEC.read_text("utf-8")) if row not in LEFT_OUT}


def _functions(file: str) -> set[str]:
    path = TESTS / file
    if not path.exists():
        return set()
    return {node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}


def missing() -> list[str]:
    """What is wrong with the table: tests that are not there, rows without one."""
    there: dict[str, set[str]] = {}
    found = []
    for row, tests in FEATURES.items():
        for test in tests:
            file, _, name = test.partition("::")
            if name not in there.setdefault(file, _functions(file)):
                found.append(f"{row}: there is no {test}")
    return found + [f"{row} ({name}) has no test" for row, name in rows().items() if row not in FEATURES]


def main() -> int:
    """Print the table."""
    names = rows()
    for row, tests in FEATURES.items():
        print(f"{row}  {names.get(row, '')}".rstrip())
        for test in tests:
            print(f"    -> {test}")
    wrong = missing()
    print(*wrong, sep="\n")
    print(f"{len(FEATURES)} rows, {sum(map(len, FEATURES.values()))} names of tests, {len(wrong)} missing")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
