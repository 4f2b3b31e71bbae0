#pragma once

/// What an untrained network says of a number.
float ask_oracle(float question);
