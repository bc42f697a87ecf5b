"""The controls of identity and tenancy, each with the tests that hold it: none loses its test unseen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
SECRETS = "wall/test_secrets.py::test_no_secret_that_was_ever_issued_is_in_a_log_or_in_the_database"
CONTROLS = {
    "C01": ["services/test_sign_in.py::test_a_cookie_holds_a_token_that_only_we_could_have_signed", SECRETS],
    "C02": ["handlers/test_sessions.py::test_the_cookie_is_out_of_reach_of_scripts_and_other_hosts"],
    "C03": ["handlers/test_sessions.py::test_signing_in_again_ends_the_session_that_the_browser_came_with"],
    "C05": ["services/test_sign_in.py::test_passwords_are_argon2id_of_enough_memory_and_never_cut",
            "services/test_sign_in.py::test_the_loop_goes_on_while_passwords_are_checked",
            "domain/test_passwords.py::test_a_common_password_is_refused_at_its_field"],
    "C06": ["services/test_tries.py::test_twenty_failures_are_enough_whether_the_name_is_known_or_not",
            "services/test_sign_in.py::test_an_unknown_name_costs_the_same_work",
            "handlers/test_throttle.py::test_going_from_process_to_process_gives_no_more_tries"],
    "C07": ["handlers/test_api_keys.py::test_a_key_is_shown_once_and_known_by_its_end",
            "handlers/test_api_keys.py::test_a_foreign_key_is_answered_like_a_missing_one", SECRETS],
    "C08": ["handlers/test_key_in_body.py::test_a_key_in_a_body_is_not_kept", SECRETS],
    "C09": ["contract/test_comparisons.py::test_no_secret_is_compared_by_how_much_of_it_is_right"],
    "C13": ["realtime/test_tickets.py::test_a_ticket_opens_one_stream_of_any_transport_and_no_second_one",
            "realtime/test_tickets.py::test_it_is_for_one_organization_and_the_other_is_missing", SECRETS],
    "C21": ["services/test_health.py::test_it_refuses_to_start_as",
            "handlers/test_web_process.py::"
            "test_a_role_that_could_go_round_the_wall_is_refused_with_one_sentence",
            "tasks/test_worker.py::test_a_worker_with_a_role_that_may_too_much_does_not_start",
            "wall/test_rules.py::test_a_command_with_a_role_that_could_pass_the_wall_is_refused"],
    "C22": ["contract/test_wall.py::test_the_wall_stands", "contract/test_wall.py::test_a_hole_is_seen"],
    "C23": ["contract/test_wall.py::test_the_wall_stands",
            "storage/test_tenancy.py::test_no_foreign_key_reaches_into_another_tenant"],
    "C24": ["storage/test_store.py::test_two_tenants_on_one_connection_never_meet",
            "wall/test_keys_and_sessions.py::test_behind_a_pooler_the_next_client_has_what_a_session_set",
            "wall/test_ten_thousand.py::test_of_ten_thousand_operations_behind_pgbouncer_none_leaks",
            "wall/test_rules.py::test_the_tenant_is_set_for_a_transaction_only_and_in_one_place"],
    "C25": ["storage/test_tenancy.py::test_every_statement_names_its_tenant_itself",
            "handlers/test_isolation.py::test_a_foreign_id_is_answered_like_one_that_is_not_there"],
    "C26": ["realtime/test_hint.py::test_it_does_not_open_on_the_channel_of_another_tenant",
            "realtime/test_doorbell.py::test_what_this_installation_did_not_seal_counts_as_lost",
            "wall/test_rules.py::test_redis_is_asked_for_no_pattern_and_for_no_key"],
    "C27": ["handlers/test_quotas.py::test_an_organization_is_counted_over_all_its_credentials",
            "tasks/test_sweeper.py::test_it_goes_round_the_tenants_from_where_it_stopped"],
    "C28": ["wall/test_keys_and_sessions.py::"
            "test_notifications_cross_every_wall_and_nothing_of_ours_sends_one",
            "wall/test_rules.py::test_a_lock_of_one_tenant_keeps_no_other_waiting"],
    "C36": ["handlers/test_signatures.py::test_each_scheme_is_taken_with_its_signature",
            "handlers/test_signatures.py::"
            "test_what_is_not_signed_right_is_refused_before_anything_is_kept",
            "handlers/test_signatures.py::"
            "test_a_replay_is_answered_like_the_first_and_has_no_second_effect",
            "domain/test_signing.py::test_beyond_it_is_old_however_well_it_is_signed"],
    "C39": [SECRETS, "handlers/test_signatures.py::test_a_secret_is_shown_once_and_kept_sealed",
            "handlers/test_resealing.py::test_while_secrets_are_sealed_anew_no_delivery_fails"],
    "C49": ["handlers/test_web_process.py::test_a_process_that_stood_still_says_so",
            "attack/test_controls.py::test_a_database_that_goes_away_makes_it_unready_and_not_dead"],
}  # fmt: skip


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_a_control_has_its_tests(control: str) -> None:
    for place in CONTROLS[control]:
        file, name = place.split("::")
        tree = ast.parse((TESTS / file).read_text())
        names = {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in names, place
