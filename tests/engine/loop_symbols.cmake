# Run with cmake -P: fails where one of OBJECTS, compiled for some instruction set, defines a weak
# symbol outside the namespace of its set. The linker would keep one definition for all sets, and a
# CPU could meet instructions that it lacks.
execute_process(COMMAND "${NM}" --demangle ${OBJECTS}
  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]* T saltus::cpu::[^\n]*" own "${symbols}")
if(NOT own)
  message(FATAL_ERROR "no symbols of the loops in: ${OBJECTS}")
endif()
string(REGEX MATCHALL "[^\n]* [WVu] [^\n]*" weak "${symbols}")
list(FILTER weak EXCLUDE REGEX "saltus::cpu::(baseline|avx2|avx512)::")
if(weak)
  list(JOIN weak "\n" lines)
  message(FATAL_ERROR "shared between instruction sets:\n${lines}")
endif()
