// SPDX-License-Identifier: MIT
// Family L: lines of a device's log, and which rules to look at for them. The log is not quoted.
#include "certs/doctor/case.h"

struct log_row {
    const char *marks[4]; // one of these
    const char *also;     // and this on the same line, or NULL
    enum doctor_rule rule;
    const char *what;
    const char *look;
};

// The first row that fits a line wins, so the particular ones come first.
static const struct log_row rows[] = {
    {{"0xfffffffe", "0xffffffff"},
     NULL,
     DOCTOR_L_04,
     "the loader read only a part of the bundle (a positive count, printed as hex)",
     "look at B-14"},
    {{"0x1c00d", "1c00d"},
     NULL,
     DOCTOR_L_07,
     "the hash of the chain is not built: expired and wrong name in one flag mean that nothing "
     "could be read",
     "look at Z-02"},
    {{"-0x2180", "-0x2780", "-0x112c"},
     NULL,
     DOCTOR_L_03,
     "mbedTLS cannot read a certificate or bundle",
     "look at B-01, B-03, B-10, B-11, B-12"},
    {{"verify return code: 20", "verify error:num=20", "unable to get local issuer"},
     NULL,
     DOCTOR_L_13,
     "OpenSSL finds no root for the hub's chain (20)",
     "look at R-02, R-03, R-16"},
    {{"verify return code: 19", "verify error:num=19",
      "self-signed certificate in certificate chain"},
     NULL,
     DOCTOR_L_13,
     "OpenSSL does not trust the root that was sent (19)",
     "look at R-01"},
    {{"verify return code: 10", "verify error:num=10", "certificate has expired"},
     NULL,
     DOCTOR_L_13,
     "a certificate has expired by the device's clock (10)",
     "look at C-02, R-04, D-05"},
    {{"verify return code: 9", "verify error:num=9", "certificate is not yet valid"},
     NULL,
     DOCTOR_L_13,
     "a certificate is not valid yet by the device's clock (9)",
     "look at C-01"},
    {{"-0x2700", "-9984"},
     "flag",
     DOCTOR_L_05,
     "mbedTLS could not verify the hub: flag 0x8 no trust, 0x1 and 0x200 the clock, 0x4 the name",
     "look at C-01 and C-02 first, then R-01, R-02, R-03"},
    {{"-0x2700", "-9984"},
     NULL,
     DOCTOR_L_05,
     "mbedTLS could not verify the hub",
     "look at C-01 and C-02 first, then R-01, R-02, R-03, R-06"},
    {{"BADCERT_FUTURE", "validity starts in the future", "BADCERT_EXPIRED", "validity has expired"},
     NULL,
     DOCTOR_L_06,
     "the certificate's dates do not fit the device's clock",
     "look at C-01, C-02"},
    {{"not correctly signed by the trusted CA", "BADCERT_NOT_TRUSTED", "unknown_ca", "unknown CA"},
     NULL,
     DOCTOR_L_05,
     "no trust anchor of the device signed the hub's chain",
     "look at R-01, R-02, R-03, R-06"},
    {{"-0x7100", "-0x7080"},
     NULL,
     DOCTOR_L_08,
     "the hub's certificate message is larger than the buffer, or came in parts",
     "look at Z-01, Z-06"},
    {{"-0x7280", "-0x0050", "-0x50 ", "ECONNRESET"},
     NULL,
     DOCTOR_L_09,
     "the hub closed or reset the connection in the handshake",
     "look at Z-04, Z-05, S-04"},
    {{"connack", "CONNACK", "not authori", "Not authori"},
     "5",
     DOCTOR_L_10,
     "CONNACK 5: the hub knows who calls and refuses",
     "look at D-01, D-02, D-12, D-15, D-16, T-02, T-07, S-01, C-04"},
    {{"connack", "CONNACK"},
     "4",
     DOCTOR_L_11,
     "CONNACK 4: the form of user name or password is wrong",
     "write the user name as HOST/DEVICE/?api-version=2021-04-12"},
    {{"401002"},
     NULL,
     DOCTOR_L_12,
     "the provisioning service does not accept the certificate",
     "look at D-06, P-02"},
    {{"400004"},
     NULL,
     DOCTOR_L_12,
     "the provisioning service does not accept the id",
     "look at P-01"},
    {{"error -22", "error: -22", "err -22", "EINVAL"},
     NULL,
     DOCTOR_L_01,
     "the connection failed before a packet left: the credentials cannot be read",
     "look at B-01, B-14, B-20"},
    {{"error -2", "error: -2", "err -2", "ENOENT"},
     "connect",
     DOCTOR_L_02,
     "nothing is stored under the security tag, or the host has no address",
     "look at B-20, B-21, S-04"},
};

static bool ends_number(struct span line, size_t end)
{
    return end >= line.len || line.ptr[end] < '0' || line.ptr[end] > '9';
}

static bool fits(const struct log_row *row, struct span line)
{
    if (row->also && !text_has_nocase(line, row->also)) {
        return false;
    }
    for (size_t i = 0; i < HR_COUNT_OF(row->marks) && row->marks[i]; i++) {
        size_t at = text_find(line, row->marks[i]);
        // "error -2" must not fit "error -22"
        if (at < line.len && ends_number(line, at + span_text(row->marks[i]).len)) {
            return true;
        }
    }
    return false;
}

static void judge_line(struct doctor *d, struct doctor_place at, struct span line, unsigned *seen)
{
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        if (!fits(&rows[i], line)) {
            continue;
        }
        if (!(*seen & 1u << i)) {
            *seen |= 1u << i;
            case_say(d, &(struct remark){.rule = rows[i].rule, .at = at, .fix = rows[i].look}, "%s",
                     rows[i].what);
        }
        return;
    }
}

void rules_log(struct doctor *d)
{
    for (size_t i = 0; i < d->input_count; i++) {
        const struct input *input = d->inputs[i];
        struct span rest = input->kind == INPUT_LOG ? buf_span(&input->bytes) : SPAN_EMPTY;
        unsigned seen = 0;
        for (int line_number = 1; rest.ptr; line_number++) {
            struct span line = text_line(&rest);
            judge_line(d, (struct doctor_place){input->name, line_number}, line, &seen);
        }
    }
}
