"""The console: GraphiQL, built from npm packages when its sources change and served without another host."""
