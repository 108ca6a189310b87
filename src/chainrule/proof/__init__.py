"""What proves the gradients right: checks against differences. Nothing that trains or predicts imports it."""
