// One HTTPS request that trusts one certificate authority: what Foundation's URLSession cannot do on Linux.
#pragma once
#include <stddef.h>

/// Posts JSON with a bearer key. Gives the HTTP status, or -1 where no answer came; the answer's text, cut off at its
/// capacity and always terminated, goes to `answer`.
long peel_test_post(const char *url, const char *ca_file, const char *bearer, const char *json, char *answer,
                    size_t capacity);
