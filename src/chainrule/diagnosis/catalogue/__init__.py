"""The known mistakes, each one term of the equations changed; the losses a code may mean."""
