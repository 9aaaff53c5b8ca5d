// SPDX-License-Identifier: MIT
// What the real readers make of each form of PEM, as measured against them.
#pragma once
#include "certs/doctor/doctor.h"
#include "certs/doctor/pem.h"

enum stack_answer { STACK_READS, STACK_REFUSES, STACK_UNKNOWN };

enum stack_answer stack_reads_form(enum doctor_stack stack, enum pem_form form);
// The names of all stacks that refuse (or read) a form: "mbedTLS, wolfSSL". At least 128 bytes.
const char *stack_names(enum pem_form form, enum stack_answer answer, char out[128]);
const char *stack_name(enum doctor_stack stack); // for people: "mbedTLS 2.28"
// What the refusal looks like: "mbedTLS -0x2780, wolfSSL -162"; "" when it has no number.
const char *stack_error(enum pem_form form);

// How many certificates of a whole text a stack loads; -1: it refuses the text as a whole; -2: not
// known for this stack. Only the form is judged here, not what the certificates say.
int stack_loads(enum doctor_stack stack, const struct pem_text *pem);
