"""Terms of mathematics: recorded from the equations, differentiated, printed, evaluated, verified."""
