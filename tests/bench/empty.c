/* SPDX-License-Identifier: MIT */
/* The program that does nothing, linked statically and dynamically: the floor under all others. */

int main(void)
{
	return 0;
}
