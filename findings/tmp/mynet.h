
#include <eml_net.h>
static const float mynet_layer_0_biases[4] = { -0.117347f, -1.681683f, 3.963405f, 0.761746f };
static const float mynet_layer_0_weights[4] = { 0.000000f, -0.000000f, 0.000000f, 0.000000f };
static const float mynet_layer_1_biases[1] = { -8.626758f };
static const float mynet_layer_1_weights[4] = { 1.012089f, 6.113631f, 2.467319f, 2.058474f };
static float mynet_buf1[4];
static float mynet_buf2[4];
static const EmlNetLayer mynet_layers[2] = { 
{ 4, 1, mynet_layer_0_weights, mynet_layer_0_biases, EmlNetActivationRelu }, 
{ 1, 4, mynet_layer_1_weights, mynet_layer_1_biases, EmlNetActivationLogistic } };
static EmlNet mynet = { 2, mynet_layers, mynet_buf1, mynet_buf2, 4 };

    int32_t
    mynet_predict(const float *features, int32_t n_features)
    {
        return eml_net_predict(&mynet, features, n_features);
    }
    

    int32_t
    mynet_regress(const float *features, int32_t n_features, float *out, int32_t out_length)
    {
        return eml_net_regress(&mynet, features, n_features, out, out_length);
    }
    

    float
    mynet_regress1(const float *features, int32_t n_features)
    {
        return eml_net_regress1(&mynet, features, n_features);
    }
    