// SPDX-License-Identifier: MIT
// What an inventory says about hardware: where its serial port is, how it is reset, powered, flashed
// and given its credentials. Everything that has to be done is a list of acts, one per line:
//
//     send TEXT...                      a line to the console
//     expect TEXT... [within DURATION]  text that the console prints next, 5s unless told
//     wait DURATION
//     lines dtr=on|off rts=on|off ...   control lines of the port, with `wait DURATION` between
//     command PROGRAM [ARGUMENT...]     a program on this machine that must end with 0
#pragma once
#include "base/span.h"

enum act_kind {
    ACT_SEND,
    ACT_EXPECT,
    ACT_WAIT,
    ACT_LINES,
    ACT_COMMAND,
    ACT_PORT,   // these come from the device layer: wait until the port is there,
    ACT_GONE,   // until it is gone,
    ACT_SWITCH, // which way {power} points for the commands that follow: dtr 1 on, 0 off,
    ACT_BANNER, // for the text that a boot prints (at once when words are empty): it is up
};

struct bench_act {
    enum act_kind kind;
    int line;      // in the .bench file
    char **words;  // templates; SEND and EXPECT one, COMMAND its argv; NULL-terminated
    size_t word_count;
    uint64_t time_us; // WAIT: how long; EXPECT, COMMAND: at most
    int dtr, rts;     // LINES: 1 on, 0 off, -1 as it is
};

struct bench_acts {
    struct bench_act *items;
    size_t count;
};

enum port_kind {
    PORT_NONE,
    PORT_USB,       // by vendor, product and, if told, serial number
    PORT_HUB,       // by its place: "1-4.2"
    PORT_PATH,      // by a path, which may be another board tomorrow
    PORT_STDIO,     // an emulator's standard input and output
    PORT_ANNOUNCED, // an emulator's pseudo-terminal, named in its output
};

enum credentials_way {
    CREDENTIALS_ENVIRONMENT, // every command has them in its environment
    CREDENTIALS_FILES,       // written to a folder, such as a mounted board
    CREDENTIALS_SCRIPT,      // typed on the console
    CREDENTIALS_IMAGE,       // a template filled into a file, before the flash commands
    CREDENTIALS_COMMAND,     // a program of its own, before the flash commands
};

enum clock_way { CLOCK_NONE, CLOCK_SNTP, CLOCK_CONSOLE, CLOCK_COMMAND, CLOCK_EMULATOR };

enum { BOARD_TAGS_MOST = 8, BOARD_ACTS_MOST = 100, BOARD_TAG_BYTES_MOST = 31 };

struct bench_board {
    enum port_kind port;
    unsigned vendor, product; // PORT_USB
    char *port_text;          // PORT_USB: serial number or ""; PORT_HUB: place; PORT_PATH: template
    int port_line;
    unsigned baud;
    const char *line_end; // behind every line that is sent
    enum credentials_way credentials;
    char *credentials_from; // IMAGE: the template; FILES: the folder
    char *credentials_to;   // IMAGE: the file
    enum clock_way clock;
    char *banner; // what the console prints after every reset; "" = nothing to see
    uint64_t banner_us;
    int banner_line;
    bool has_power;
    struct bench_acts flash;
    struct bench_acts reset;
    struct bench_acts power; // run with {power} = on or off
    struct bench_acts credentials_acts;
    struct bench_acts script; // after the banner of every boot
    struct bench_acts clock_acts;
    char *ask_name;  // a line on the console that makes the board look up {hub.host}
    char *ask_clock; // and one that makes it print its time
    char *hub_address; // of this machine, as the board reaches it
    char *hub_name;    // what the board dials; "" = the address
    unsigned hub_port;
    char *notes;
    char tags[BOARD_TAGS_MOST][BOARD_TAG_BYTES_MOST + 1];
    size_t tag_count;
};

// By the acts of its `clock` line, at any time.
static inline bool board_sets_clock(const struct bench_board *b)
{
    return b->clock == CLOCK_CONSOLE || b->clock == CLOCK_COMMAND;
}

const char *port_kind_word(enum port_kind kind);
