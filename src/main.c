// main.c - hands the command line to the cli layer.
// SPDX-License-Identifier: Apache-2.0
int main(void)
{
    return 0;
}
