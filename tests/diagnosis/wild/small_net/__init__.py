from .model import Sequential
