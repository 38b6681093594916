-- expect: error used more than
::again::
goto again
