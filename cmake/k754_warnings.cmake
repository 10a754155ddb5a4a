# Warnings are errors in our own programs; the headers are compiled in them as user code.
set(k754_warning_flags -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror)

function(k754_strict_warnings target)
  target_compile_options(${target} PRIVATE ${k754_warning_flags})
endfunction()
