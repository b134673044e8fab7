#!/bin/sh
# Prints what nvdisasm -g -c would of a kernel that calls a function of the assembler's.
printf '//--------------------- .text.adamw_64_f32 --------------------------\n'
printf '\t.section\t.text.adamw_64_f32,"ax",@progbits\n\t.align\t128\n'
printf '        .type           adamw_64_f32,@function\nadamw_64_f32:\n.text.adamw_64_f32:\n'
printf '        /*0000*/                   LDC R1, c[0x0][0x28] ;\n'
printf '\t//## File "tiny.recipe", line 29\n'
printf '        /*0010*/                   CALL.REL.NOINC `($__internal_0_div) ;\n'
printf '\t//## File "elsewhere.recipe", line 31\n'
printf '        /*0020*/                   EXIT ;\n'
printf '        .type           $__internal_0_div,@function\n$__internal_0_div:\n'
printf '        /*0030*/                   RET.REL.NODEC R4 `(adamw_64_f32) ;\n'
printf '.L_x_1:\n        /*0040*/                   BRA `(.L_x_1);\n'
printf '        /*0050*/                   NOP;\n        /*0060*/                   NOP;\n'
