// SPDX-License-Identifier: MIT
#include "base/diag.h"
#include "base/error.h"
#include "harness/cli/cli.h"

#include <stdio.h>
#include <string.h>

enum { OPTIONS_MOST = 48, GO_ON_WITH_HELP = -1 };

struct scanner {
    const struct command *command;
    const struct option_spec *specs;
    size_t spec_count;
    int argc;
    char **argv;
    int at;
    const char **words;
    size_t words_most;
    size_t word_count;
};

static int complain(const struct scanner *s, const char *text, const char *word, const char *hint)
{
    fprintf(stderr, "hubrig %s: %s '%s'%s\nTry: hubrig %s --help\n", s->command->name, text, word,
            hint, s->command->name);
    return EXIT_USAGE;
}

static const struct option_spec *find_spec(const struct scanner *s, struct span name)
{
    for (size_t i = 0; i < s->spec_count; i++) {
        if (span_equals_text(name, s->specs[i].name)) {
            return &s->specs[i];
        }
    }
    return NULL;
}

static int complain_unknown(const struct scanner *s, const char *word, struct span name)
{
    const char *names[OPTIONS_MOST] = {"--help"};
    char hint[96];
    size_t count = 1;
    for (size_t i = 0; i < s->spec_count && count < OPTIONS_MOST; i++) {
        names[count++] = s->specs[i].name;
    }
    return complain(s, "unknown option", word, suggest_text(name, names, count, hint));
}

static int take_option(struct scanner *s)
{
    const char *word = s->argv[s->at];
    struct span value = SPAN_EMPTY;
    struct span name = span_cut(span_text(word), '=', &value);
    if (strcmp(word, "--help") == 0) {
        fputs(s->command->help, stdout);
        return GO_ON_WITH_HELP;
    }
    const struct option_spec *spec = find_spec(s, name);
    if (!spec) {
        return complain_unknown(s, word, name);
    }
    if (!spec->argument) {
        if (value.ptr) {
            return complain(s, "this option takes no argument:", word, "");
        }
        *spec->value = "";
        return EXIT_PASS;
    }
    if (!value.ptr && s->at + 1 >= s->argc) {
        fprintf(stderr, "hubrig %s: %s needs an argument: %s %s\n", s->command->name, spec->name,
                spec->name, spec->argument);
        return EXIT_USAGE;
    }
    const char *given = value.ptr ? (const char *)value.ptr : s->argv[++s->at];
    if (!span_ends_with(span_text(spec->argument), SPAN_LITERAL("..."))) {
        *spec->value = given;
        return EXIT_PASS;
    }
    size_t count = 0;
    while (spec->value[count]) {
        count++;
    }
    if (count == OPTION_LIST_MOST) {
        return complain(s, "this option was given too often; the first too many is", given, "");
    }
    spec->value[count] = given;
    return EXIT_PASS;
}

static int take_word(struct scanner *s)
{
    if (s->word_count == s->words_most) {
        return complain(s, "too many words; the first too many is", s->argv[s->at], "");
    }
    s->words[s->word_count++] = s->argv[s->at];
    return EXIT_PASS;
}

int cli_options(const struct command *command, int argc, char **argv,
                const struct option_spec *specs, size_t spec_count, bool stops_at_word,
                const char **words, size_t words_most, size_t *word_count)
{
    struct scanner s = {command, specs, spec_count, argc, argv, 1, words, words_most, 0};
    bool has_options = true;
    for (; s.at < argc; s.at++) {
        const char *word = argv[s.at];
        int code;
        if (has_options && strcmp(word, "--") == 0) {
            has_options = false;
            continue;
        }
        if (has_options && word[0] == '-' && word[1] != '\0') {
            code = take_option(&s);
        } else {
            code = take_word(&s);
            has_options = has_options && !stops_at_word;
        }
        if (code != EXIT_PASS) {
            return code;
        }
    }
    *word_count = s.word_count;
    return EXIT_PASS;
}

int cli_fail(const char *command, int code)
{
    static const int exits[] = {
        [ERROR_CLASS_NONE] = EXIT_PASS,      [ERROR_CLASS_USAGE] = EXIT_USAGE,
        [ERROR_CLASS_DEVICE] = EXIT_FAIL,    [ERROR_CLASS_INFRA] = EXIT_INFRA,
        [ERROR_CLASS_INTERNAL] = EXIT_INFRA,
    };
    fprintf(stderr, "hubrig %s: %s\n", command, error_text(code));
    return exits[error_class_of(code)];
}
