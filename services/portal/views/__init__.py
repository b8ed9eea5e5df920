"""The pages: for each what is asked of the services, and which page that makes."""
