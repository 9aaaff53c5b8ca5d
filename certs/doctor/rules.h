// SPDX-License-Identifier: MIT
// The doctor's rules: id, usual severity, title. A finding may be milder or harsher than its row
// when the inputs decide it. Families: B form of a trust bundle, R its content, D device
// certificate, K private key, Z build and sizes, C clock, S connection string, T SAS token,
// P provisioning, L a line of the device's log.
#pragma once

#define DOCTOR_RULES(X)                                                                            \
    X(B_01, "B-01", ERROR, "wrong PEM label")                                                      \
    X(B_02, "B-02", WARNING, "PEM label that only some stacks read")                               \
    X(B_03, "B-03", ERROR, "the final NUL is not counted in the length")                           \
    X(B_04, "B-04", ERROR, "a NUL is counted where the text must stand alone")                     \
    X(B_05, "B-05", ERROR, "name or comment promises another certificate")                         \
    X(B_06, "B-06", ERROR, "several DER certificates glued together")                              \
    X(B_07, "B-07", ERROR, "END and BEGIN on one line")                                            \
    X(B_08, "B-08", WARNING, "carriage returns")                                                   \
    X(B_09, "B-09", WARNING, "no newline at the end")                                              \
    X(B_10, "B-10", ERROR, "C source where PEM is expected")                                       \
    X(B_11, "B-11", ERROR, "string literals without newlines")                                     \
    X(B_12, "B-12", ERROR, "damaged PEM body")                                                     \
    X(B_13, "B-13", ERROR, "altered certificate that still parses")                                \
    X(B_14, "B-14", ERROR, "one unreadable certificate in a good bundle")                          \
    X(B_15, "B-15", WARNING, "certificate that this build cannot parse")                           \
    X(B_16, "B-16", WARNING, "bytes around the PEM that some readers refuse")                      \
    X(B_17, "B-17", ERROR, "not a certificate file at all")                                        \
    X(B_18, "B-18", ERROR, "private key inside the trust bundle")                                  \
    X(B_19, "B-19", INFO, "same certificate twice, or ballast")                                    \
    X(B_20, "B-20", ERROR, "placeholder instead of a certificate")                                 \
    X(B_21, "B-21", ERROR, "second root is compiled out")                                          \
    X(B_22, "B-22", WARNING, "bundle larger than its buffer")                                      \
    X(R_01, "R-01", ERROR, "own test CA where the server's root belongs")                          \
    X(R_02, "R-02", ERROR, "only Baltimore")                                                       \
    X(R_03, "R-03", ERROR, "no root for this cloud")                                               \
    X(R_04, "R-04", WARNING, "expired root")                                                       \
    X(R_05, "R-05", WARNING, "root ends within the device's service life")                         \
    X(R_06, "R-06", ERROR, "intermediate pinned as trust anchor")                                  \
    X(R_07, "R-07", ERROR, "leaf pinned as trust anchor")                                          \
    X(R_08, "R-08", WARNING, "only one root")                                                      \
    X(R_09, "R-09", WARNING, "ECDSA-only client without an ECC root")                              \
    X(R_10, "R-10", WARNING, "root that leaves the public stores")                                 \
    X(R_11, "R-11", INFO, "SHA-1 signature on a root")                                             \
    X(R_12, "R-12", WARNING, "same name, another key")                                             \
    X(R_13, "R-13", WARNING, "root with an extension that mbedTLS refuses")                        \
    X(R_14, "R-14", WARNING, "version 1 root")                                                     \
    X(R_15, "R-15", ERROR, "no trust anchor verifies the hub's chain")                             \
    X(R_16, "R-16", WARNING, "OpenSSL folder without hash names")                                  \
    X(R_17, "R-17", WARNING, "server check turned off")                                            \
    X(D_01, "D-01", ERROR, "CA certificate used as device certificate")                            \
    X(D_02, "D-02", ERROR, "common name differs from the device id")                               \
    X(D_03, "D-03", ERROR, "no common name, or more than one")                                     \
    X(D_04, "D-04", ERROR, "key does not match the certificate")                                   \
    X(D_05, "D-05", ERROR, "device certificate expired or not yet valid")                          \
    X(D_06, "D-06", ERROR, "intermediate missing in the device's chain")                           \
    X(D_07, "D-07", WARNING, "stack cannot send a chain")                                          \
    X(D_08, "D-08", WARNING, "extended key usage without clientAuth")                              \
    X(D_09, "D-09", WARNING, "large RSA key on a small device")                                    \
    X(D_10, "D-10", WARNING, "SHA-1 or MD5 signature")                                             \
    X(D_11, "D-11", INFO, "device chain in the wrong order")                                       \
    X(D_12, "D-12", ERROR, "another thumbprint is registered")                                     \
    X(D_13, "D-13", ERROR, "thumbprint text has the wrong form")                                   \
    X(D_14, "D-14", INFO, "two kinds of thumbprint")                                               \
    X(D_15, "D-15", WARNING, "certificate and kind of authentication do not fit")                  \
    X(D_16, "D-16", ERROR, "certificate and shared key mixed")                                     \
    X(K_01, "K-01", ERROR, "encrypted key")                                                        \
    X(K_02, "K-02", ERROR, "PKCS#8 content below the label RSA PRIVATE KEY")                       \
    X(K_03, "K-03", ERROR, "PKCS#1 content below the label PRIVATE KEY")                           \
    X(K_04, "K-04", ERROR, "SEC1 content below the label PRIVATE KEY")                             \
    X(K_05, "K-05", ERROR, "no private key in the key file")                                       \
    X(K_06, "K-06", ERROR, "OpenSSH key")                                                          \
    X(K_07, "K-07", ERROR, "Ed25519 key")                                                          \
    X(K_08, "K-08", WARNING, "key that others can read")                                           \
    X(K_09, "K-09", ERROR, "NetX wants PKCS#1 DER")                                                \
    X(K_10, "K-10", WARNING, "curve that few peers offer")                                         \
    X(Z_01, "Z-01", ERROR, "TLS input buffer smaller than the server's flight")                    \
    X(Z_02, "Z-02", ERROR, "SHA-384 is not built")                                                 \
    X(Z_03, "Z-03", ERROR, "SHA-1 is not built and a root needs it")                               \
    X(Z_04, "Z-04", ERROR, "no cipher suite that the hub accepts")                                 \
    X(Z_05, "Z-05", ERROR, "TLS 1.2 is off")                                                       \
    X(Z_06, "Z-06", WARNING, "maximum fragment length on an mbedTLS before 3.6.3")                 \
    X(Z_07, "Z-07", WARNING, "NX_CRYPTO_NONE in the NetX crypto table")                            \
    X(Z_08, "Z-08", WARNING, "NetX buffers for the server's certificates too few or small")        \
    X(Z_09, "Z-09", WARNING, "fewer than two intermediates allowed")                               \
    X(Z_10, "Z-10", WARNING, "no timeout while the handshake reads")                               \
    X(Z_11, "Z-11", INFO, "no server name is sent")                                                \
    X(Z_12, "Z-12", WARNING, "dates are not checked")                                              \
    X(C_01, "C-01", ERROR, "device clock before the certificates")                                 \
    X(C_02, "C-02", ERROR, "device clock behind the certificates' end")                            \
    X(C_03, "C-03", ERROR, "local time taken as UTC")                                              \
    X(C_04, "C-04", WARNING, "device clock off by minutes")                                        \
    X(C_05, "C-05", WARNING, "32-bit time and dates after 2038")                                   \
    X(C_06, "C-06", WARNING, "no time source in the sources")                                      \
    X(S_01, "S-01", ERROR, "SharedAccessKey is damaged")                                           \
    X(S_02, "S-02", ERROR, "string cut at a semicolon")                                            \
    X(S_03, "S-03", ERROR, "service string on a device")                                           \
    X(S_04, "S-04", ERROR, "placeholder host name")                                                \
    X(S_05, "S-05", ERROR, "more than a bare host name")                                           \
    X(S_06, "S-06", WARNING, "another hub or cloud than expected")                                 \
    X(S_07, "S-07", ERROR, "hidden characters")                                                    \
    X(S_08, "S-08", ERROR, "encoded key")                                                          \
    X(S_09, "S-09", ERROR, "device id with bad characters")                                        \
    X(S_10, "S-10", ERROR, "gateway or module left over")                                          \
    X(S_11, "S-11", ERROR, "x509 and shared key, or neither")                                      \
    X(S_12, "S-12", WARNING, "unknown, doubled or misspelt field")                                 \
    X(S_13, "S-13", INFO, "port of another protocol")                                              \
    X(T_01, "T-01", ERROR, "SAS token without prefix or a field")                                  \
    X(T_02, "T-02", ERROR, "expired SAS token")                                                    \
    X(T_03, "T-03", ERROR, "expiry in milliseconds")                                               \
    X(T_04, "T-04", ERROR, "expiry from local time")                                               \
    X(T_05, "T-05", ERROR, "expiry is a duration")                                                 \
    X(T_06, "T-06", WARNING, "token that never ends")                                              \
    X(T_07, "T-07", ERROR, "signature over the wrong text")                                        \
    X(T_08, "T-08", ERROR, "resource in another case than it was signed in")                       \
    X(T_09, "T-09", INFO, "resource not percent-encoded")                                          \
    X(T_10, "T-10", ERROR, "signature not percent-encoded")                                        \
    X(T_11, "T-11", WARNING, "lower-case percent-encoding")                                        \
    X(T_12, "T-12", ERROR, "token of another device or hub")                                       \
    X(T_13, "T-13", ERROR, "hub-wide policy on a device")                                          \
    X(T_14, "T-14", ERROR, "form of a provisioning token")                                         \
    X(T_15, "T-15", ERROR, "token and connection string mixed up")                                 \
    X(T_16, "T-16", WARNING, "very short or very long lifetime")                                   \
    X(T_17, "T-17", ERROR, "line feed or quote around the token")                                  \
    X(P_01, "P-01", WARNING, "registration id with capitals or bad characters")                    \
    X(P_02, "P-02", ERROR, "common name differs from the registration id")                         \
    X(P_03, "P-03", WARNING, "common name that is no registration id")                             \
    X(P_04, "P-04", ERROR, "malformed id scope")                                                   \
    X(P_05, "P-05", WARNING, "regional provisioning host")                                         \
    X(L_01, "L-01", ERROR, "mqtt_connect error -22")                                               \
    X(L_02, "L-02", ERROR, "mqtt_connect error -2")                                                \
    X(L_03, "L-03", ERROR, "mbedTLS cannot read a certificate")                                    \
    X(L_04, "L-04", ERROR, "mbedTLS read only a part of the bundle")                               \
    X(L_05, "L-05", ERROR, "verification failed: no trust")                                        \
    X(L_06, "L-06", ERROR, "verification failed: dates")                                           \
    X(L_07, "L-07", ERROR, "verification failed: hash not built")                                  \
    X(L_08, "L-08", ERROR, "handshake message larger than the buffer, or split")                   \
    X(L_09, "L-09", ERROR, "closed or reset during the handshake")                                 \
    X(L_10, "L-10", ERROR, "CONNACK 5: not authorized")                                            \
    X(L_11, "L-11", ERROR, "CONNACK 4: bad user name or password")                                 \
    X(L_12, "L-12", ERROR, "refusal of the provisioning service")                                  \
    X(L_13, "L-13", ERROR, "OpenSSL verify code")
