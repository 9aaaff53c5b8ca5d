// SPDX-License-Identifier: MIT
// A device under test, whatever it is: a program, an emulator, a board on a serial port, a black
// box. The runner knows it through this alone.
//
//     TRY(device_new(&settings, &device));
//     device_prepare(device);  TRY(wait_until_idle());   // flash, credentials: before the scenario
//     device_boot(device, utc_us);  TRY(wait_until_idle());
//     device_stop(device, grace_us);  device_free(device);
//
// What takes time goes on while the loop runs: device_is_busy until device_result tells.
#pragma once
#include "harness/bench/bench.h"
#include "harness/runner/surroundings.h"
#include "simulator/journal/journal.h"

struct uv_loop_s;
struct device;

// What an asked-for act belonged to, for those who name the broken part.
enum device_part {
    DEVICE_PART_NONE, // nothing failed, or it is a program
    DEVICE_PART_PORT,
    DEVICE_PART_PREPARATION, // flash and credentials
    DEVICE_PART_RESET,       // the acts of reset
    DEVICE_PART_BANNER,      // they worked, but the boot does not show
    DEVICE_PART_POWER,       // the acts of power
    DEVICE_PART_GONE,        // they worked, but the port stayed
    DEVICE_PART_SCRIPT,
    DEVICE_PART_CLOCK,
};

struct device_settings {
    struct uv_loop_s *loop;
    const struct env *env;
    struct journal *journal;
    const struct bench_device *bench;
    const char *bench_file;      // for messages
    struct surroundings *around; // argv, environment, placeholders
    const char *evidence;        // folder: device.log; with a console serial.raw and serial.idx
    bool has_clock;              // the scenario sets the device's clock
    bool watches_memory;         // device.memory is wanted
};

// Takes hold of it: nothing is done to it yet. Everything is borrowed. ERR_NO_MEMORY, ERR_IO.
int device_new(const struct device_settings *settings, struct device **out) HR_NODISCARD;
// Flash it and put credentials where they are read at boot.
void device_prepare(struct device *d);
// Start it, or reset it when it runs already, its clock at utc_us. device.started follows.
void device_boot(struct device *d, int64_t utc_us);
void device_reset(struct device *d);
void device_power(struct device *d, bool is_on);
void device_send(struct device *d, const char *text); // a line to its console
// While it runs: ERR_USAGE when this device cannot.
int device_set_clock(struct device *d, int64_t utc_us) HR_NODISCARD;
// Has what was asked last ended, and how? The result is an error of class infra or usage.
bool device_is_busy(const struct device *d);
int device_result(struct device *d) HR_NODISCARD;
enum device_part device_failed_part(const struct device *d);
// What its console said since the last act began and no `expect` has taken; borrowed.
struct span device_heard(const struct device *d);
// The end of the scenario: a program is asked to end; a board keeps its power.
void device_stop(struct device *d, uint64_t grace_us);
bool device_is_running(const struct device *d);
void device_free(struct device *d); // runs the loop until its handles are closed; NULL is allowed

// One row per kind.
struct device_kind {
    int (*make)(const struct device_settings *settings, struct device **out);
    void (*prepare)(struct device *d);
    void (*boot)(struct device *d, int64_t utc_us);
    void (*reset)(struct device *d);
    void (*power)(struct device *d, bool is_on);
    void (*send)(struct device *d, const char *text);
    int (*set_clock)(struct device *d, int64_t utc_us);
    bool (*is_busy)(const struct device *d);
    int (*result)(struct device *d);
    enum device_part (*failed_part)(const struct device *d);
    struct span (*heard)(const struct device *d);
    void (*stop)(struct device *d, uint64_t grace_us);
    bool (*is_running)(const struct device *d);
    void (*free)(struct device *d);
};
struct device {
    const struct device_kind *kind;
    struct device_settings settings;
};
extern const struct device_kind device_kind_program;
extern const struct device_kind device_kind_hardware; // boards, emulators, black boxes
