// SPDX-License-Identifier: MIT
// One `hubrig serve --json` as a child of the test, in the test's folder, whose events are awaited.
//
//     served_start("--x509");
//     ... dial served_port() ...
//     assert_non_null(strstr(served_await("\"tls.alert\""), "unknown_ca"));
//     ... served_stop as the teardown of each test
#pragma once

void served_start(const char *options); // returns when it is ready
const char *served_ready(void); // the line
int served_port(void);          // of MQTT
int served_https_port(void);
// The first line with `word` in it behind the last one awaited; fails the test without one.
const char *served_await(const char *word);
void served_kill(void); // at once, with SIGKILL; served_start may follow
int served_stop(void **state); // fails unless it ends in order; nothing without a hub
