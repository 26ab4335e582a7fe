//: number
// A number, or what stands for it where it is missing: NaN and infinite ones are.
static inline void NAME_number(float x, float fill, float *to, int n) {
    (void)n;
    to[0] = isfinite(x) ? x : fill;
}
//: mark
// Whether it is missing.
static inline void NAME_mark(float x, float *to, int n) {
    (void)n;
    to[0] = isfinite(x) ? 0.0f : 1.0f;
}
//: category
// A feature for each category, then one for missing cells, then one for others, as far as there are such.
static inline void NAME_category(float x, int n_categories, int missing, float *to, int n) {
    int known = !isfinite(x);
    for (int i = 0; i < n_categories; i++) {
        to[i] = x == (float)i ? 1.0f : 0.0f;
        known |= x == (float)i;
    }
    if (missing) to[n_categories] = isfinite(x) ? 0.0f : 1.0f;
    if (n > n_categories + missing) to[n - 1] = known ? 0.0f : 1.0f;
}
//: code
// The codes of a category, of a missing cell or of others, as far as there are such; else 0.
static inline void NAME_code(float x, int n_categories, int missing, int other, const float *codes, float *to, int n) {
    int at = n_categories + missing;
    int known = other;
    if (!isfinite(x)) {
        at = n_categories;
        known = missing;
    } else if (x >= 0.0f && x < (float)n_categories && x == (float)(int)x) {
        at = (int)x;
        known = 1;
    }
    for (int i = 0; i < n; i++) to[i] = known ? codes[at * n + i] : 0.0f;
}
//: scale
// Scaled features. The offset is a sum of two, so that no digits are lost.
static inline void NAME_scale(const float *x, int n_x, const float *high, const float *low, const float *scale,
                              float *to, int n) {
    (void)n_x;
    for (int i = 0; i < n; i++) to[i] = ((x[i] - high[i]) - low[i]) / scale[i];
}
//: place
// Scaled features, and their places among bins.
static inline void NAME_place(const float *x, int n_x, const unsigned *source, const float *high, const float *low,
                              const float *scale, const float *least, const float *most, const float *offset,
                              const float *width, float *to, int n) {
    (void)n_x;
    for (int i = 0; i < n; i++) {
        float u = ((x[source[i]] - high[i]) - low[i]) / scale[i];
        u = u < least[i] ? least[i] : u;
        u = u > most[i] ? most[i] : u;
        to[i] = (u - offset[i]) / width[i];
    }
}
//: clip
// Smooth clipping between -3 and 3.
static inline void NAME_clip(float *to, int n) {
    for (int i = 0; i < n; i++) {
        float v = to[i] < -1e9f ? -1e9f : to[i] > 1e9f ? 1e9f : to[i];
        to[i] = v / sqrtf(1.0f + (v / 3.0f) * (v / 3.0f));
    }
}
//: layer
// The weights of one input lie side by side; inputs that are 0, as many are after relu, cost nothing.
static inline void NAME_layer(const float *weight, const float *bias, const float *x, int n_x, float *to, int n) {
    for (int o = 0; o < n; o++) to[o] = bias[o];
    for (int i = 0; i < n_x; i++, weight += n) {
        const float xi = x[i];
        if (xi == 0.0f) continue;
        for (int o = 0; o < n; o++) to[o] += weight[o] * xi;
    }
}
//: layer8
// The weights of one input lie side by side; inputs that are 0, as many are after relu, cost nothing.
static inline void NAME_layer8(const int8_t *weight, const float *scale, const float *bias, const float *x, int n_x,
                               float *to, int n) {
    for (int o = 0; o < n; o++) to[o] = 0.0f;
    for (int i = 0; i < n_x; i++, weight += n) {
        const float xi = x[i];
        if (xi == 0.0f) continue;
        for (int o = 0; o < n; o++) to[o] += (float)weight[o] * xi;
    }
    for (int o = 0; o < n; o++) to[o] = bias[o] + scale[o] * to[o];
}
//: relu
static inline void NAME_relu(float *to, int n) {
    for (int i = 0; i < n; i++) to[i] = to[i] > 0.0f ? to[i] : 0.0f;
}
//: leaky_relu
static inline void NAME_leaky_relu(float *to, int n) {
    for (int i = 0; i < n; i++) to[i] = to[i] >= 0.0f ? to[i] : 0.01f * to[i];
}
//: elu
static inline void NAME_elu(float *to, int n) {
    for (int i = 0; i < n; i++) to[i] = to[i] >= 0.0f ? to[i] : expf(to[i]) - 1.0f;
}
//: softmax
static inline void NAME_softmax(float *to, int n) {
    float most = to[0], sum = 0.0f;
    for (int i = 1; i < n; i++) most = to[i] > most ? to[i] : most;
    for (int i = 0; i < n; i++) sum += to[i] = expf(to[i] - most);
    for (int i = 0; i < n; i++) to[i] /= sum;
}
//: sigmoid
static inline void NAME_sigmoid(float *to, int n) {
    for (int i = 0; i < n; i++) to[i] = 1.0f / (1.0f + expf(-to[i]));
}
//: affine
static inline void NAME_affine(const float *offset, const float *scale, float *to, int n) {
    for (int i = 0; i < n; i++) to[i] = offset[i] + scale[i] * to[i];
}
//: bounded_exp
// Logarithms, kept within those of training, become values.
static inline void NAME_bounded_exp(const float *least, const float *most, float *to, int n) {
    for (int i = 0; i < n; i++) {
        float z = to[i] < least[i] ? least[i] : to[i] > most[i] ? most[i] : to[i];
        to[i] = expf(z);
    }
}
//: add
static inline void NAME_add(float share, const float *x, int n_x, float *to, int n) {
    (void)n_x;
    for (int i = 0; i < n; i++) to[i] += share * x[i];
}
//: temper
// Calibration: probabilities to the power of 1 / temperature, made to add up to 1 again.
static inline void NAME_temper(float temperature, float *to, int n) {
    for (int i = 0; i < n; i++) to[i] = logf(to[i] > 1.1754944e-38f ? to[i] : 1.1754944e-38f) / temperature;
    NAME_softmax(to, n);
}
//: largest
static inline int NAME_largest(const float *x, int n) {
    int at = 0;
    for (int i = 1; i < n; i++) at = x[i] > x[at] ? i : at;
    return at;
}
