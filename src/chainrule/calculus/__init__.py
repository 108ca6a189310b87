"""Operations recorded from the equations, and the rules that differentiate them."""
